#if canImport(Darwin)
  import Darwin
#else
  import Glibc

  /// A GNU extension, which the platform module does not show.
  @_extern(c, "dl_iterate_phdr")
  private func iterateOverObjects(
    _ callback: @convention(c) (UnsafeMutableRawPointer, Int, UnsafeMutableRawPointer) -> Int32,
    _ data: UnsafeMutableRawPointer
  ) -> Int32
#endif

/// What distinguishes this build of the compiler from every other: code of one build is not run by another one.
enum BuildIdentity {
  /// The identity that the linker has put into the object that the compiler is part of, a hash of its contents. Where there
  /// is none, what the system says of the file. nil where that is not to be had either.
  static let bytes: [UInt8]? = {
    #if os(Linux) && (arch(x86_64) || arch(arm64))
      var search = Search()
      _ = withUnsafeMutablePointer(to: &search) { iterateOverObjects(visit, UnsafeMutableRawPointer($0)) }
      if let identity = search.buildID { return Array("id ".utf8) + identity }
      return search.path.flatMap(statusOfFile)
    #else
      return nil
    #endif
  }()

  #if os(Linux) && (arch(x86_64) || arch(arm64))
    private struct Search {
      /// Something in the object that is looked for.
      var address = unsafeBitCast(visit, to: UInt.self)
      var buildID: [UInt8]?
      var path: String?
    }

    /// Looks at one object: its base, its name, and its program headers (ELF-64).
    private static let visit: @convention(c) (UnsafeMutableRawPointer, Int, UnsafeMutableRawPointer) -> Int32 = {
      information, _, data in
      let search = data.assumingMemoryBound(to: Search.self)
      let base = information.load(as: UInt.self)
      guard let headers = information.load(fromByteOffset: 16, as: UnsafeRawPointer?.self) else { return 0 }
      let count = Int(information.load(fromByteOffset: 24, as: UInt16.self))
      func header(_ index: Int) -> (type: UInt32, start: UInt, size: UInt) {
        let header = headers + index * 56
        return (
          header.load(as: UInt32.self), base &+ header.load(fromByteOffset: 16, as: UInt.self),
          header.load(fromByteOffset: 40, as: UInt.self)
        )
      }
      let isOurs = (0..<count).contains { index in
        let header = header(index)
        return header.type == 1 && search.pointee.address &- header.start < header.size
      }
      guard isOurs else { return 0 }
      if let name = information.load(fromByteOffset: 8, as: UnsafePointer<CChar>?.self) {
        search.pointee.path = name.pointee == 0 ? "/proc/self/exe" : String(cString: name)
      }
      for index in 0..<count where header(index).type == 4 {
        let header = header(index)
        guard let start = UnsafeRawPointer(bitPattern: header.start) else { continue }
        search.pointee.buildID = buildID(UnsafeRawBufferPointer(start: start, count: Int(header.size)))
        if search.pointee.buildID != nil { break }
      }
      return 1
    }

    /// The description of the note of type 3 (NT_GNU_BUILD_ID) of "GNU".
    private static func buildID(_ notes: UnsafeRawBufferPointer) -> [UInt8]? {
      var offset = 0
      while offset + 12 <= notes.count {
        let nameSize = Int(notes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        let size = Int(notes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
        let type = notes.loadUnaligned(fromByteOffset: offset + 8, as: UInt32.self)
        let description = offset + 12 + (nameSize + 3) & ~3
        guard description + size <= notes.count else { return nil }
        if type == 3, notes[offset + 12..<offset + 12 + nameSize].elementsEqual(Array("GNU\0".utf8)) {
          return Array(notes[description..<description + size])
        }
        offset = description + (size + 3) & ~3
      }
      return nil
    }

    /// Which file it is, and when it was last changed in any way, which nobody can choose.
    private static func statusOfFile(_ path: String) -> [UInt8]? {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      let numbers = [
        UInt64(status.st_dev), UInt64(status.st_ino), UInt64(bitPattern: Int64(status.st_size)),
        UInt64(bitPattern: Int64(status.st_mtim.tv_sec)), UInt64(bitPattern: Int64(status.st_mtim.tv_nsec)),
        UInt64(bitPattern: Int64(status.st_ctim.tv_sec)), UInt64(bitPattern: Int64(status.st_ctim.tv_nsec)),
      ]
      return Array("file ".utf8)
        + numbers.flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } }
    }
  #endif
}
