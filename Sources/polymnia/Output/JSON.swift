/// A JSON value, whose objects keep the order of their members.
enum JSON {
  case null
  case boolean(Bool)
  case integer(Int)
  case unsigned(UInt64)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([(String, JSON)])

  static func optional(_ value: UInt64?) -> JSON { value.map { .unsigned($0) } ?? .null }
  static func optional(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }

  /// Text with one member a line, two spaces deeper per level, and a line end.
  var text: String {
    var output = ""
    write(to: &output, indentation: "")
    output += "\n"
    return output
  }

  private func write(to output: inout String, indentation: String) {
    switch self {
    case .null: output += "null"
    case .boolean(let value): output += value ? "true" : "false"
    case .integer(let value): output += String(value)
    case .unsigned(let value): output += String(value)
    case .number(let value): output += value.isFinite ? value.description : "null"
    case .string(let value): Self.write(value, to: &output)
    case .array(let elements):
      Self.write(elements.map { (nil, $0) }, between: ("[", "]"), to: &output, indentation: indentation)
    case .object(let members):
      Self.write(members.map { ($0, $1) }, between: ("{", "}"), to: &output, indentation: indentation)
    }
  }

  private static func write(
    _ members: [(name: String?, value: JSON)], between brackets: (String, String), to output: inout String,
    indentation: String
  ) {
    output += brackets.0
    let deeper = indentation + "  "
    var separator = "\n"
    for member in members {
      output += separator + deeper
      if let name = member.name {
        write(name, to: &output)
        output += ": "
      }
      member.value.write(to: &output, indentation: deeper)
      separator = ",\n"
    }
    if !members.isEmpty { output += "\n" + indentation }
    output += brackets.1
  }

  private static func write(_ string: String, to output: inout String) {
    output += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\n": output += "\\n"
      case "\t": output += "\\t"
      case "\r": output += "\\r"
      case let scalar where scalar.isHiddenInNames:
        for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
          let digits = String(unit, radix: 16)
          output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      default: output.unicodeScalars.append(scalar)
      }
    }
    output += "\""
  }
}
