import ArgumentParser

/// Values of an option that may be repeated. The parser's time is quadratic in the number of options, so a command line that
/// repeats one often is given to it with all of the values in one word (``packed(_:repeating:)``), apart by a character that
/// no argument of a program can contain.
struct Many<Value: ExpressibleByArgument>: ExpressibleByArgument {
  let values: [Value]

  init?(argument: String) {
    var values: [Value] = []
    for part in argument.utf8.split(separator: 0, omittingEmptySubsequences: false) {
      guard let value = Value(argument: String(Substring(part))) else { return nil }
      values.append(value)
    }
    self.values = values
  }
}

extension Array {
  /// The values, in order.
  func all<Value>() -> [Value] where Element == Many<Value> { flatMap(\.values) }
}

enum ManyOptions {
  /// By command, the options that may be repeated.
  static let names: [String: Set<String>] = [
    "run": ["--link", "--dir", "--env", "--features"],
    "wast": ["--features"], "validate": ["--features"], "parse": ["--features"], "print": ["--features"],
    "inspect": ["--features"], "report": ["--features"],
    "lower": ["--reserve", "--glue", "--features"], "link": ["--export", "--rename", "--features"],
    "bind-memories": ["--memory", "--features"], "add-memory": ["--memory", "--features"],
    "specialize": ["--memory", "--function", "--export-as", "--features"],
    "dispatch": ["--function", "--export-as", "--features"], "compile": ["--function", "--features"],
    "instrument": ["--memory", "--features"], "strip": ["--remove", "--keep", "--features"],
    "objdump": ["--section", "--function", "--features"],
  ]

  /// A command line in which an option that is repeated often has all its values where it stands first.
  static func packed(_ arguments: [String]) -> [String] {
    guard arguments.count > 32, let command = arguments.first, let names = names[command] else { return arguments }
    var result: [String] = []
    var places: [String: Int] = [:]
    var index = 0
    func pack(_ name: String, _ value: Substring) {
      if let place = places[name] {
        result[place] += "\0" + value
      } else {
        places[name] = result.count
        result.append("\(name)=\(value)")
      }
    }
    while index < arguments.count {
      let argument = arguments[index]
      if argument == "--" { return result + arguments[index...] }
      let equals = argument.utf8.firstIndex(of: UInt8(ascii: "="))
      let name = equals.map { String(argument[..<$0]) } ?? argument
      guard names.contains(name) else {
        result.append(argument)
        index += 1
        continue
      }
      // An option in front that has no value yet may be a flag, or want one: then the parser is to say so.
      let isFirst = places[name] == nil
      let followsOption =
        index > 0 && arguments[index - 1].utf8.starts(with: "--".utf8) && result.last == arguments[index - 1]
        && !arguments[index - 1].utf8.contains(UInt8(ascii: "="))
      let followsShort =
        index > 0 && result.last == arguments[index - 1] && arguments[index - 1].utf8.count == 2
        && arguments[index - 1].utf8.first == UInt8(ascii: "-")
      let value: Substring
      if let equals {
        value = argument[argument.utf8.index(after: equals)...]
      } else if index + 1 < arguments.count,
        arguments[index + 1] == "-" || !arguments[index + 1].utf8.starts(with: "-".utf8)
      {
        value = arguments[index + 1][...]
      } else {
        return arguments
      }
      // What the parser sees otherwise: no value, or a mark that joins with the sign.
      guard !value.isEmpty, equals == nil || argument.prefix(while: { $0 != "=" }).utf8.count == name.utf8.count else {
        return arguments
      }
      if followsOption || followsShort {
        // Before the others it keeps its place among them.
        guard isFirst else { return arguments }
        result += equals == nil ? [argument, String(value)] : [argument]
      } else {
        pack(name, value)
      }
      index += equals == nil ? 2 : 1
    }
    return result
  }
}
