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
      index += 1
      if argument == "--" { return result + [argument] + arguments[index...] }
      if names.contains(argument), index < arguments.count, !arguments[index].utf8.starts(with: "-".utf8) {
        pack(argument, arguments[index][...])
        index += 1
      } else if let equals = argument.utf8.firstIndex(of: UInt8(ascii: "=")),
        names.contains(String(argument[..<equals]))
      {
        pack(String(argument[..<equals]), argument[argument.utf8.index(after: equals)...])
      } else {
        result.append(argument)
      }
    }
    return result
  }
}
