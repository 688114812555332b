/// Finds what an address space of a program's own leaves in a module.
///
/// LLVM compiles accesses through `__attribute__((address_space(N)))` to accesses of memory 0 and says nothing. What it
/// leaves are the names of C++ functions that take such pointers: `U3AS2` in a mangled name, ` AS2*` in one that the linker
/// has made readable.
enum AddressSpaceNames {
  /// The names of functions that show one, at most `limit`.
  static func find(_ names: Names, exports: [Export], limit: Int = 10) -> [String] {
    var found: [String] = []
    for export in exports where export.kind == .function && found.count < limit {
      if shows(Array(export.name.utf8)[...]) { found.append(export.name) }
    }
    for entry in names.maps[Int(NameSpace.function.rawValue)] where found.count < limit {
      let utf8 = names.utf8(of: entry)
      guard shows(utf8) else { continue }
      let name = String(decoding: utf8, as: UTF8.self)
      if !found.contains(name) { found.append(name) }
    }
    return found
  }

  private static func shows(_ name: ArraySlice<UInt8>) -> Bool {
    func isDigit(_ index: Int) -> Bool {
      index < name.endIndex && UInt8(ascii: "0")...UInt8(ascii: "9") ~= name[index]
    }
    guard name.count > 4 else { return false }
    let isMangled = name.starts(with: [UInt8(ascii: "_"), UInt8(ascii: "Z")])
    for index in name.startIndex..<name.endIndex - 3 where name[index] == UInt8(ascii: isMangled ? "U" : " ") {
      if isMangled {
        if name[index + 1] == UInt8(ascii: "3"), name[index + 2] == UInt8(ascii: "A"),
          name[index + 3] == UInt8(ascii: "S"), isDigit(index + 4)
        {
          return true
        }
      } else if name[index + 1] == UInt8(ascii: "A"), name[index + 2] == UInt8(ascii: "S"), isDigit(index + 3) {
        var end = index + 3
        while isDigit(end) { end += 1 }
        if end < name.endIndex, name[end] == UInt8(ascii: "*") || name[end] == UInt8(ascii: "&") { return true }
      }
    }
    return false
  }
}
