import ArgumentParser

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Makes a folder, with those around it, where it is not there yet.
func makeFolder(_ path: String) throws {
  var part = path.hasPrefix("/") ? "/" : ""
  for name in path.split(separator: "/") {
    part += name + "/"
    guard mkdir(part, 0o755) == 0 || errno == EEXIST else {
      throw ValidationError("the folder '\(part)' cannot be made: \(String(cString: strerror(errno)))")
    }
  }
}
