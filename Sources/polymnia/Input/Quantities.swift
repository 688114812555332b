import ArgumentParser

/// A number of bytes.
struct ByteCount: ExpressibleByArgument {
  var value: UInt64

  init(_ value: UInt64) { self.value = value }

  init?(argument: String) {
    let shift: UInt64 =
      switch argument.last {
      case "K", "k": 10
      case "M", "m": 20
      case "G", "g": 30
      default: 0
      }
    guard let number = UInt64(shift == 0 ? argument[...] : argument.dropLast()) else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
    guard !overflow else { return nil }
    value = bytes
  }

  /// As an argument, in the largest unit that gives a whole number.
  var defaultValueDescription: String {
    for (unit, shift) in [("G", 30), ("M", 20), ("K", 10)] where value > 0 && value & (1 << shift - 1) == 0 {
      return "\(value >> UInt64(clamping: shift))\(unit)"
    }
    return "\(value)"
  }
}

/// A time from now on, in seconds. Whatever is longer than three thousand years stands for that.
struct Seconds: ExpressibleByArgument {
  var duration: Duration

  init?(argument: String) {
    // Not a number is not above zero either.
    guard let seconds = Double(argument), seconds >= 0 else { return nil }
    duration = .seconds(min(seconds, 1e11))
  }
}

/// How many threads do something: at least one. More than there are processors by far are no use to anybody.
struct ThreadCount: ExpressibleByArgument {
  var value: Int

  init?(argument: String) {
    guard let count = Int(argument), count > 0 else { return nil }
    value = min(count, 1024)
  }
}

/// Units of fuel.
struct Fuel: ExpressibleByArgument {
  var units: Int64

  init?(argument: String) {
    guard let units = Int64(argument), units >= 0 else { return nil }
    self.units = units
  }
}
