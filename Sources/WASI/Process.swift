#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

// What a guest is told about itself, and how it ends.
extension WASI {
  func args_sizes_get(_ memory: GuestMemory, _ count: UInt32, _ byteCount: UInt32) throws(Errno) {
    try storeSizes(of: arguments, memory, count, byteCount)
  }

  func args_get(_ memory: GuestMemory, _ pointers: UInt32, _ bytes: UInt32) throws(Errno) {
    try store(arguments, memory, pointers, bytes)
  }

  func environ_sizes_get(_ memory: GuestMemory, _ count: UInt32, _ byteCount: UInt32) throws(Errno) {
    try storeSizes(of: environment, memory, count, byteCount)
  }

  func environ_get(_ memory: GuestMemory, _ pointers: UInt32, _ bytes: UInt32) throws(Errno) {
    try store(environment, memory, pointers, bytes)
  }

  private func storeSizes(
    of strings: [[UInt8]], _ memory: GuestMemory, _ count: UInt32, _ byteCount: UInt32
  ) throws(Errno) {
    _ = try memory.region(byteCount, 4)
    try memory.store(UInt32(clamping: strings.count), at: count)
    try memory.store(UInt32(clamping: strings.reduce(0) { $0 + $1.count }), at: byteCount)
  }

  private func store(
    _ strings: [[UInt8]], _ memory: GuestMemory, _ pointers: UInt32, _ bytes: UInt32
  ) throws(Errno) {
    _ = try memory.array(pointers, count: UInt32(clamping: strings.count), stride: 4)
    _ = try memory.region(bytes, UInt32(clamping: strings.reduce(0) { $0 + $1.count }))
    var pointer = pointers
    var address = bytes
    for string in strings {
      try memory.store(address, at: pointer)
      try memory.store(bytes: string, at: address)
      // Checked above: neither wraps before the last one is written.
      pointer &+= 4
      address &+= UInt32(clamping: string.count)
    }
  }

  func random_get(_ memory: GuestMemory, _ buffer: UInt32, _ length: UInt32) throws(Errno) {
    let region = try memory.region(buffer, length)
    if let random = configuration.random { return try inPieces(region, random) }
    // The most that one call gives.
    try inPieces(region, size: 256) { part throws(Errno) in
      guard let base = part.baseAddress else { return }
      try checked(getentropy(base, part.count))
    }
  }

  func sched_yield() {
    #if canImport(Darwin)
      _ = Darwin.sched_yield()
    #else
      _ = Glibc.sched_yield()
    #endif
  }

  /// Signals do not exist for guests; this function is gone from later versions.
  func proc_raise(_ signal: UInt32) throws(Errno) { throw .notSupported }
}

// Guests have no way to come by a socket but what the embedder hands them as a standard stream, and that is used with
// fd_read and fd_write.
extension WASI {
  func sock_accept(_ memory: GuestMemory, _ fd: UInt32, _ flags: UInt32, _ result: UInt32) throws(Errno) {
    throw try socketError(fd)
  }

  func sock_recv(
    _ memory: GuestMemory, _ fd: UInt32, _ vectors: UInt32, _ count: UInt32, _ flags: UInt32, _ result: UInt32,
    _ resultFlags: UInt32
  ) throws(Errno) {
    throw try socketError(fd)
  }

  func sock_send(
    _ memory: GuestMemory, _ fd: UInt32, _ vectors: UInt32, _ count: UInt32, _ flags: UInt32, _ result: UInt32
  ) throws(Errno) {
    throw try socketError(fd)
  }

  func sock_shutdown(_ fd: UInt32, _ how: UInt32) throws(Errno) { throw try socketError(fd) }

  private func socketError(_ fd: UInt32) throws(Errno) -> Errno {
    switch try descriptors.any(fd, []).fileType {
    case .socketDatagram, .socketStream: .notSupported
    default: .notSocket
    }
  }
}
