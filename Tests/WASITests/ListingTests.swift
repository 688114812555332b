import Glibc
import Testing

@testable import WASI

/// `fd_readdir`: cookies count entries, and stay what they were while the directory is open.
@Suite struct ListingTests {
  private struct Entry: Equatable {
    var next: UInt64
    var name: String
  }

  /// The entries from a cookie on, as many as fit.
  private func entries(_ guest: Guest, _ fd: UInt32, _ cookie: UInt64, size: UInt32 = 4096) throws -> [Entry] {
    let address: UInt32 = 32768
    try guest.wasi.fd_readdir(guest.memory, fd, address, size, cookie, guest.result)
    let used: UInt32 = guest.word(guest.result)
    var entries: [Entry] = []
    var offset: UInt32 = 0
    while offset + 24 <= used {
      let length: UInt32 = guest.word(address + offset + 16)
      guard offset + 24 + length <= used else { break }
      entries.append(
        Entry(
          next: guest.word(address + offset, as: UInt64.self),
          name: String(decoding: guest.bytes(address + offset + 24, length), as: UTF8.self)))
      offset += 24 + length
    }
    return entries
  }

  private func folder(_ count: Int) throws -> (Scratch, Guest, UInt32) {
    let scratch = Scratch()
    scratch.directory("inside/many")
    for number in 0..<count { scratch.write("", to: "inside/many/file-\(number)") }
    let guest = try Guest(scratch)
    return (scratch, guest, try guest.openFolder("many"))
  }

  @Test func cookiesCountEntries() throws {
    let (_, guest, fd) = try folder(200)
    var all: [Entry] = []
    while case let more = try entries(guest, fd, UInt64(all.count)), !more.isEmpty { all += more }
    #expect(all.count == 202)
    #expect(all.map(\.next) == (1...202).map { UInt64($0) })
    // Any of them can be gone back to, in any order; each is a number of 32 bits, as telldir of wasi-libc wants.
    for cookie in [UInt64(17), 201, 3, 150, 1] {
      #expect(try entries(guest, fd, cookie, size: 64).first == all[Int(cookie)])
    }
    for cookie in [UInt64(202), 203, 1 << 32, .max] { #expect(try entries(guest, fd, cookie).isEmpty) }
    #expect(try entries(guest, fd, 5, size: 64).first == all[5])
  }

  @Test func cookiesOutliveTheirEntries() throws {
    let (_, guest, fd) = try folder(100)
    let begin = try entries(guest, fd, 0, size: 1024)
    let deleted = begin.map(\.name).filter { $0.hasPrefix("file") }
    for name in deleted { try guest.unlink("many/" + name) }
    #expect(try entries(guest, fd, 1, size: 1024).first == begin[1])
    let rest = try entries(guest, fd, begin.last?.next ?? 0)
    #expect(Set(rest.map(\.name)).isDisjoint(with: begin.map(\.name)))
    // From the start a listing shows what is there now.
    let now = try entries(guest, fd, 0).map(\.name)
    #expect(now.count == 102 - deleted.count && Set(now).isDisjoint(with: deleted))
  }

  /// As `rm -r` does it.
  @Test(arguments: [UInt32(64), 100, 300, 4096])
  func whatIsListedCanBeDeletedMeanwhile(size: UInt32) throws {
    let (scratch, guest, fd) = try folder(300)
    var cookie: UInt64 = 0
    var count = 0
    while case let some = try entries(guest, fd, cookie, size: size), let last = some.last {
      cookie = last.next
      for entry in some where entry.name.hasPrefix("file") {
        try guest.unlink("many/" + entry.name)
        count += 1
      }
    }
    #expect(count == 300)
    #expect(Scratch.names(scratch.inside + "/many").isEmpty)
    try guest.removeDirectory("many")
  }

  @Test func moreEntriesThanAreKept() throws {
    let count = DirectoryListing.maximumKept + 500
    let (_, guest, fd) = try folder(count)
    var cookie: UInt64 = 0
    var names: [String] = []
    while case let some = try entries(guest, fd, cookie, size: 30000), let last = some.last {
      cookie = last.next
      names += some.map(\.name)
    }
    #expect(Set(names).count == count + 2 && names.count == count + 2)
    for number in [1, 4000, count, 77, count + 1] {
      #expect(try entries(guest, fd, UInt64(number), size: 64).first?.name == names[number])
    }
  }

  /// Many listings share a budget. Those that keep little or nothing show the same, if more slowly.
  @Test func listingsTogetherKeepLittle() throws {
    let count = 400
    let scratch = Scratch()
    scratch.directory("inside/many")
    let long = String(repeating: "n", count: 200)
    for number in 0..<count { scratch.write("", to: "inside/many/\(long)-\(number)") }
    let guest = try Guest(scratch)
    var names: [String]?
    var folders: [UInt32] = []
    for _ in 0..<40 {
      let fd = try guest.openFolder("many")
      folders.append(fd)
      var own: [String] = []
      while case let some = try entries(guest, fd, UInt64(own.count), size: 30000), !some.isEmpty {
        own += some.map(\.name)
      }
      #expect(own.count == count + 2)
      #expect(own == names ?? own)
      names = own
      #expect(guest.wasi.listings.left >= 0)
    }
    // Some twelve of them fit.
    #expect(guest.wasi.listings.left < 1 << 16)
    for fd in folders.reversed() {
      for number in [390, 3, 200] {
        #expect(try entries(guest, fd, UInt64(number), size: 300).first?.name == names?[number])
      }
      #expect(guest.wasi.listings.left >= 0)
      try guest.wasi.fd_close(fd)
    }
    #expect(guest.wasi.listings.left == DirectoryListing.Budget.size)
  }
}
