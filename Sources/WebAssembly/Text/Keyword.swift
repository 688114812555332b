/// The keywords of the text format and of scripts that are not operators, by their codes.
enum Keyword: UInt32, CaseIterable {
  case none = 0
  // Module fields
  case module, type, rec, `import`, `func`, table, memory, global, tag, export, start, elem, data, param, result, local
  case declare, offset, item, then, `catch`, catchRef, catchAll, catchAllRef
  // Types
  case i32, i64, f32, f64, v128, i8, i16, mut, ref, null, sub, final, field, `struct`, array, shared, pagesize
  case any, eq, i31, none_, nofunc, extern, noextern, exn, noexn
  case anyref, eqref, i31ref, structref, arrayref, nullref, funcref, nullfuncref, externref, nullexternref, exnref
  case nullexnref
  // Shapes of vectors
  case i8x16, i16x8, i32x4, i64x2, f32x4, f64x2
  // Scripts
  case binary, quote, definition, instance, register, invoke, get, either, thread, wait
  case assertReturn, assertTrap, assertExhaustion, assertException, assertMalformed, assertInvalid, assertUnlinkable
  case assertMalformedCustom, assertInvalidCustom
  case nanCanonical, nanArithmetic
  case refExtern, refHost, refAny, refStruct, refArray, refExn
  // Placement of custom sections
  case before, after, first, last, code, datacount

  /// The keyword in the text.
  var text: String {
    switch self {
    case .none: ""
    case .none_: "none"
    case .catchRef: "catch_ref"
    case .catchAll: "catch_all"
    case .catchAllRef: "catch_all_ref"
    case .assertReturn: "assert_return"
    case .assertTrap: "assert_trap"
    case .assertExhaustion: "assert_exhaustion"
    case .assertException: "assert_exception"
    case .assertMalformed: "assert_malformed"
    case .assertInvalid: "assert_invalid"
    case .assertUnlinkable: "assert_unlinkable"
    case .assertMalformedCustom: "assert_malformed_custom"
    case .assertInvalidCustom: "assert_invalid_custom"
    case .nanCanonical: "nan:canonical"
    case .nanArithmetic: "nan:arithmetic"
    case .refExtern: "ref.extern"
    case .refHost: "ref.host"
    case .refAny: "ref.any"
    case .refStruct: "ref.struct"
    case .refArray: "ref.array"
    case .refExn: "ref.exn"
    default: String(describing: self)
    }
  }
}

/// Finds the code of a keyword or operator by its text.
struct KeywordTable {
  /// The code of the first operator; those of keywords are below.
  static let firstOperator: UInt32 = 1024

  private var bytes: [UInt8] = []
  private var ranges: [Range<Int32>] = []
  private var codes: [UInt32] = []
  private var slots = [Int16](repeating: -1, count: 4096)

  static let shared = KeywordTable()

  private init() {
    for keyword in Keyword.allCases where !keyword.text.isEmpty { insert(keyword.text, keyword.rawValue) }
    // Some operators share a name with another one; the first row stands for both.
    for (index, row) in Operator.all.enumerated() { insert(row.name, Self.firstOperator + UInt32(index)) }
  }

  private static func hash(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
    var hash: UInt32 = 0x811C_9DC5
    for index in range { hash = (hash ^ UInt32(bytes[index])) &* 0x0100_0193 }
    return Int(hash ^ hash >> 13) & 4095
  }

  private mutating func insert(_ text: String, _ code: UInt32) {
    let name = Array(text.utf8)
    guard find(name, 0..<name.count) == nil else { return }
    var slot = Self.hash(name, 0..<name.count)
    while slots[slot] >= 0 { slot = (slot + 1) & 4095 }
    slots[slot] = Int16(codes.count)
    codes.append(code)
    ranges.append(Int32(bytes.count)..<Int32(bytes.count + name.count))
    bytes.append(contentsOf: name)
  }

  /// The code of the keyword that stands in a range of bytes.
  func find(_ source: [UInt8], _ range: Range<Int>) -> UInt32? {
    var slot = Self.hash(source, range)
    while slots[slot] >= 0 {
      let entry = Int(slots[slot])
      let own = ranges[entry]
      if own.count == range.count {
        var index = Int(own.lowerBound)
        var other = range.lowerBound
        while other < range.upperBound && bytes[index] == source[other] {
          index += 1
          other += 1
        }
        if other == range.upperBound { return codes[entry] }
      }
      slot = (slot + 1) & 4095
    }
    return nil
  }
}
