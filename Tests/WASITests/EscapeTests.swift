import Testing

@testable import WASI

/// A way in which a guest could try to get out of its folder, and what it is told.
struct Attempt: Sendable, CustomTestStringConvertible {
  let name: String
  let errors: Set<Errno>
  let prepare: @Sendable (Scratch) -> Void
  let act: @Sendable (Guest) throws(Errno) -> Void

  var testDescription: String { name }

  init(
    _ name: String, _ errors: Errno..., prepare: @escaping @Sendable (Scratch) -> Void = { _ in },
    act: @escaping @Sendable (Guest) throws(Errno) -> Void
  ) {
    self.name = name
    self.errors = Set(errors)
    self.prepare = prepare
    self.act = act
  }

  /// Opens a path for reading.
  static func open(
    _ path: String, _ errors: Errno..., prepare: @escaping @Sendable (Scratch) -> Void = { _ in }
  ) -> Attempt {
    Attempt("open \(path.prefix(60))", errors: Set(errors), prepare: prepare) { guest throws(Errno) in
      _ = try guest.read(try guest.open(path))
    }
  }

  private init(
    _ name: String, errors: Set<Errno>, prepare: @escaping @Sendable (Scratch) -> Void,
    act: @escaping @Sendable (Guest) throws(Errno) -> Void
  ) {
    self.name = name
    self.errors = errors
    self.prepare = prepare
    self.act = act
  }
}

/// Links that lead out, made by somebody else.
private let links: @Sendable (Scratch) -> Void = { scratch in
  scratch.link("inside/up", to: "..")
  scratch.link("inside/out", to: "../outside")
  scratch.link("inside/out-slash", to: "../outside/")
  scratch.link("inside/absolute", to: scratch.outside)
  scratch.link("inside/absolute-secret", to: scratch.outside + "/secret")
  scratch.link("inside/relative-secret", to: "../outside/secret")
  scratch.link("inside/chain1", to: "chain2")
  scratch.link("inside/chain2", to: "dir/chain3")
  scratch.link("inside/dir/chain3", to: "../../outside")
  scratch.link("inside/dir/up2", to: "../..")
  scratch.link("inside/dir/here", to: ".")
  scratch.link("inside/round", to: "dir/nested/../../../outside")
  scratch.link("inside/self", to: ".")
  scratch.link("inside/loop", to: "loop")
  scratch.link("inside/loop-a", to: "loop-b/x")
  scratch.link("inside/loop-b", to: "loop-a")
  scratch.link("inside/dangling", to: "../outside/new")
  scratch.link("inside/dangling-absolute", to: scratch.outside + "/new")
  scratch.link("inside/root", to: "/")
}

private let pathAttempts: [Attempt] = [
  .open("..", .notPermitted),
  .open("../", .notPermitted),
  .open("../outside/secret", .notPermitted),
  .open("./../outside/secret", .notPermitted),
  .open(".//..//outside//secret", .notPermitted),
  .open("dir/../../outside/secret", .notPermitted),
  .open("dir/./.././../outside/secret", .notPermitted),
  .open("dir/nested/../../../outside/secret", .notPermitted),
  .open("dir/nested/../../../inside/file", .notPermitted),
  .open("file/../../outside/secret", .notDirectory),
  .open("missing/../../outside/secret", .noEntry),
  .open("/", .notPermitted),
  .open("/etc/passwd", .notPermitted),
  .open("//etc/passwd", .notPermitted),
  .open("/inside/file", .notPermitted),
  .open("", .noEntry),
  .open("file\0/../../outside/secret", .invalid),
  .open(String(repeating: "../", count: 1365), .notPermitted),
  .open(String(repeating: "./", count: 3000) + "../outside/secret", .nameTooLong),
  .open(String(repeating: "dir/../", count: 580) + "../outside/secret", .nameTooLong, .notPermitted),
  Attempt("open a path that is not UTF-8", .illegalByteSequence) { guest throws(Errno) in
    _ = try guest.open([0x2E, 0x2E, 0xFF, 0x2F, 0xC0, 0xAE])
  },
  Attempt("open .. in overlong UTF-8", .illegalByteSequence) { guest throws(Errno) in
    _ = try guest.open([0xC0, 0xAE, 0xC0, 0xAE, 0x2F, 0x66])
  },
  Attempt("open .. of a folder inside", .notPermitted) { guest throws(Errno) in
    let folder = try guest.openFolder("dir")
    _ = try guest.open("../file", in: folder)
  },
  Attempt("open .. in a folder opened as ..", .notPermitted) { guest throws(Errno) in
    let folder = try guest.openFolder("dir/nested/..")
    _ = try guest.open("../file", in: folder)
  },
  Attempt("open .. from the second folder", .notPermitted) { guest throws(Errno) in
    _ = try guest.open("../inside/file", in: 4)
  },
]

private let linkAttempts: [Attempt] = [
  .open("up", .notPermitted, prepare: links),
  .open("up/outside/secret", .notPermitted, prepare: links),
  .open("up/inside/file", .notPermitted, prepare: links),
  .open("out", .notPermitted, prepare: links),
  .open("out/", .notPermitted, prepare: links),
  .open("out/secret", .notPermitted, prepare: links),
  .open("out-slash/secret", .notPermitted, prepare: links),
  .open("absolute", .notPermitted, prepare: links),
  .open("absolute/secret", .notPermitted, prepare: links),
  .open("absolute-secret", .notPermitted, prepare: links),
  .open("absolute-secret/", .notPermitted, prepare: links),
  .open("relative-secret", .notPermitted, prepare: links),
  .open("chain1", .notPermitted, prepare: links),
  .open("chain1/secret", .notPermitted, prepare: links),
  .open("dir/up2/outside/secret", .notPermitted, prepare: links),
  .open("dir/here/here/here/up2/outside/secret", .notPermitted, prepare: links),
  .open("round/secret", .notPermitted, prepare: links),
  .open("self/../outside/secret", .notPermitted, prepare: links),
  .open("self/self/self/out/secret", .notPermitted, prepare: links),
  .open("root/etc/passwd", .notPermitted, prepare: links),
  .open("loop", .loop, prepare: links),
  .open("loop/../../outside/secret", .loop, prepare: links),
  .open("loop-a", .loop, .nameTooLong, prepare: links),
  .open(String(repeating: "self/", count: 41) + "file", .loop, prepare: links),
  Attempt("open a link out without following", .loop, prepare: links) { guest throws(Errno) in
    _ = try guest.open("absolute-secret", follow: false)
  },
  Attempt("open a link out without following, slash", .notPermitted, prepare: links) { guest throws(Errno) in
    _ = try guest.open("out/", follow: false)
  },
  Attempt("open a link out as a directory without following", .loop, .notDirectory, prepare: links) {
    guest throws(Errno) in
    _ = try guest.open("out", follow: false, .directory, rights: .directory)
  },
  Attempt("create through a dangling link", .notPermitted, prepare: links) { guest throws(Errno) in
    _ = try guest.open("dangling", .create, rights: .fdWrite)
  },
  Attempt("create through a dangling absolute link", .notPermitted, prepare: links) { guest throws(Errno) in
    _ = try guest.open("dangling-absolute", .create, rights: .fdWrite)
  },
  Attempt("create exclusively through a dangling link", .exists, prepare: links) { guest throws(Errno) in
    _ = try guest.open("dangling", [.create, .exclusive], rights: .fdWrite)
  },
  Attempt("truncate through a link", .notPermitted, prepare: links) { guest throws(Errno) in
    _ = try guest.open("relative-secret", .truncate, rights: .fdWrite)
  },
  Attempt("create outside", .notPermitted) { guest throws(Errno) in
    _ = try guest.open("../outside/new", .create, rights: .fdWrite)
  },
  Attempt("create in a linked folder", .notPermitted, prepare: links) { guest throws(Errno) in
    _ = try guest.open("out/new", .create, rights: .fdWrite)
  },
  Attempt("list a linked folder", .notPermitted, prepare: links) { guest throws(Errno) in
    _ = try guest.names(try guest.openFolder("out"))
  },
  Attempt("list ..", .notPermitted) { guest throws(Errno) in _ = try guest.names(try guest.openFolder("..")) },
]

private let operationAttempts: [Attempt] = [
  Attempt("make a directory outside", .notPermitted) { guest throws(Errno) in
    try guest.makeDirectory("../outside/new")
  },
  Attempt("make a directory in a linked folder", .notPermitted, prepare: links) { guest throws(Errno) in
    try guest.makeDirectory("out/new")
  },
  Attempt("make a directory through a dangling link", .exists, prepare: links) { guest throws(Errno) in
    try guest.makeDirectory("dangling")
  },
  Attempt("make a directory through a dangling link, slash", .exists, prepare: links) { guest throws(Errno) in
    try guest.makeDirectory("dangling/")
  },
  Attempt("remove a directory outside", .notPermitted) { guest throws(Errno) in
    try guest.removeDirectory("../outside/empty")
  },
  Attempt("remove a directory in a linked folder", .notPermitted, prepare: links) { guest throws(Errno) in
    try guest.removeDirectory("out/empty")
  },
  Attempt("remove a linked directory", .notDirectory, prepare: { $0.link("inside/empty", to: "../outside/empty") }) {
    guest throws(Errno) in
    try guest.removeDirectory("empty/")
  },
  Attempt("remove the folder itself", .invalid, .notEmpty, .busy) { guest throws(Errno) in
    try guest.removeDirectory(".")
  },
  Attempt("unlink outside", .notPermitted) { guest throws(Errno) in try guest.unlink("../outside/secret") },
  Attempt("unlink in a linked folder", .notPermitted, prepare: links) { guest throws(Errno) in
    try guest.unlink("out/secret")
  },
  Attempt("unlink through a link, slash", .notDirectory, prepare: links) { guest throws(Errno) in
    try guest.unlink("relative-secret/")
  },
  Attempt("status outside", .notPermitted) { guest throws(Errno) in _ = try guest.status("../outside/secret") },
  Attempt("status of ..", .notPermitted) { guest throws(Errno) in _ = try guest.status("..") },
  Attempt("status through a link", .notPermitted, prepare: links) { guest throws(Errno) in
    _ = try guest.status("relative-secret")
  },
  Attempt("status of a link with a slash", .notPermitted, prepare: links) { guest throws(Errno) in
    _ = try guest.status("out/", follow: false)
  },
  Attempt("times outside", .notPermitted) { guest throws(Errno) in try guest.touch("../outside/secret") },
  Attempt("times through a link", .notPermitted, prepare: links) { guest throws(Errno) in
    try guest.touch("relative-secret")
  },
  Attempt("times in a linked folder", .notPermitted, prepare: links) { guest throws(Errno) in
    try guest.touch("out/secret", follow: false)
  },
  Attempt("hard link to what is outside", .notPermitted) { guest throws(Errno) in
    try guest.link("../outside/secret", "stolen")
  },
  Attempt("hard link to what a link leads to", .notPermitted, prepare: links) { guest throws(Errno) in
    try guest.link("relative-secret", "stolen", follow: true)
  },
  Attempt("hard link to what is in a linked folder", .notPermitted, prepare: links) { guest throws(Errno) in
    try guest.link("out/secret", "stolen")
  },
  Attempt("hard link put outside", .notPermitted) { guest throws(Errno) in
    try guest.link("file", "../outside/planted")
  },
  Attempt("hard link put into a linked folder", .notPermitted, prepare: links) { guest throws(Errno) in
    try guest.link("file", "out/planted")
  },
  Attempt("hard link of a link, then opened", .notPermitted, prepare: links) { guest throws(Errno) in
    try guest.link("relative-secret", "copy")
    _ = try guest.contents("copy")
  },
  Attempt("rename to the outside", .notPermitted) { guest throws(Errno) in
    try guest.rename("file", "../outside/planted")
  },
  Attempt("rename into a linked folder", .notPermitted, prepare: links) { guest throws(Errno) in
    try guest.rename("file", "out/planted")
  },
  Attempt("rename over what is outside", .notPermitted) { guest throws(Errno) in
    try guest.rename("file", "../outside/secret")
  },
  Attempt("rename from the outside", .notPermitted) { guest throws(Errno) in
    try guest.rename("../outside/secret", "stolen")
  },
  Attempt("rename from a linked folder", .notPermitted, prepare: links) { guest throws(Errno) in
    try guest.rename("out/secret", "stolen")
  },
  Attempt("rename a linked folder with a slash", .notDirectory, prepare: links) { guest throws(Errno) in
    try guest.rename("out/", "stolen")
  },
  Attempt("rename the folder itself", .busy, .invalid) { guest throws(Errno) in try guest.rename(".", "dir/x") },
  Attempt("rename from the second folder's outside", .notPermitted) { guest throws(Errno) in
    try guest.rename("file", "../outside/planted", to: 4)
  },
  Attempt("make a link outside", .notPermitted) { guest throws(Errno) in
    try guest.symlink("x", "../outside/planted")
  },
  Attempt("make a link in a linked folder", .notPermitted, prepare: links) { guest throws(Errno) in
    try guest.symlink("x", "out/planted")
  },
  Attempt("make a link to an absolute path", .notPermitted) { guest throws(Errno) in
    try guest.symlink("/etc", "planted")
  },
  Attempt("make a link that leads out, then open it", .notPermitted) { guest throws(Errno) in
    try guest.symlink("../outside/secret", "planted")
    _ = try guest.contents("planted")
  },
  Attempt("make a link to .., then list through it", .notPermitted) { guest throws(Errno) in
    try guest.symlink("..", "planted")
    _ = try guest.names(try guest.openFolder("planted/outside"))
  },
  Attempt("move a link up to where it leads out", .notPermitted) { guest throws(Errno) in
    try guest.symlink("../outside", "dir/moved")
    try guest.rename("dir/moved", "moved")
    _ = try guest.contents("moved/secret")
  },
  Attempt("move a link into the second folder", .notPermitted) { guest throws(Errno) in
    try guest.symlink("../outside/secret", "dir/moved")
    try guest.rename("dir/moved", "moved", to: 4)
    _ = try guest.open("moved", in: 4)
  },
  Attempt("move a folder up, then .. from its descriptor", .notPermitted) { guest throws(Errno) in
    let nested = try guest.openFolder("dir/nested")
    try guest.rename("dir/nested", "nested")
    _ = try guest.open("../../outside/secret", in: nested)
  },
  Attempt("read an absolute link", .notPermitted, prepare: links) { guest throws(Errno) in
    _ = try guest.readLink("absolute-secret")
  },
  Attempt("read a link outside", .notPermitted, prepare: { $0.link("outside/pointer", to: "secret") }) {
    guest throws(Errno) in
    _ = try guest.readLink("../outside/pointer")
  },
  Attempt("read a link in a linked folder", .notPermitted, .invalid, prepare: links) { guest throws(Errno) in
    _ = try guest.readLink("out/secret")
  },
  Attempt("write through a read-only descriptor", .notCapable) { guest throws(Errno) in
    _ = try guest.write("x", to: try guest.open("file"))
  },
  Attempt("gain rights back", .notCapable) { guest throws(Errno) in
    let folder = try guest.open(
      Array("dir".utf8), .directory, rights: .pathOpen, inheriting: .fdRead)
    _ = try guest.open("nested/file", in: folder, rights: .fdWrite)
  },
  Attempt("use a file as a folder", .notDirectory) { guest throws(Errno) in
    _ = try guest.open("../outside/secret", in: try guest.open("file"))
  },
  Attempt("use a closed folder", .badDescriptor) { guest throws(Errno) in
    let folder = try guest.openFolder("dir")
    try guest.wasi.fd_close(folder)
    _ = try guest.open("nested/file", in: folder)
  },
]

@Suite struct EscapeTests {
  @Test(arguments: pathAttempts + linkAttempts + operationAttempts)
  func isRefused(_ attempt: Attempt) throws {
    let scratch = Scratch()
    attempt.prepare(scratch)
    let before = scratch.stateOutside()
    let guest = try Guest(scratch)
    do throws(Errno) {
      try attempt.act(guest)
      Issue.record("\(attempt.name) succeeded")
    } catch {
      #expect(attempt.errors.contains(error), "\(attempt.name): \(error)")
    }
    #expect(scratch.stateOutside() == before)
    let secret = Array(Scratch.secret.utf8)
    let found = guest.buffer.indices.dropLast(secret.count).contains { start in
      guest.buffer[start] == secret[0] && guest.buffer[start..<start + secret.count].elementsEqual(secret)
    }
    #expect(!found, "\(attempt.name) read what is outside")
  }

  @Test func thereAreEnoughAttempts() {
    #expect(pathAttempts.count + linkAttempts.count + operationAttempts.count >= 40)
  }

  @Test func linksInsideWork() throws {
    let scratch = Scratch()
    links(scratch)
    scratch.link("inside/to-nested", to: "dir/nested/../nested/file")
    scratch.link("inside/dir/to-file", to: "../file")
    let guest = try Guest(scratch)
    #expect(try guest.contents("to-nested") == "nested")
    #expect(try guest.contents("dir/to-file") == "inside")
    #expect(try guest.contents(String(repeating: "self/", count: 40) + "file") == "inside")
    #expect(try guest.contents("dir/nested/../../dir/./nested/file") == "nested")
    #expect(try guest.readLink("to-nested") == "dir/nested/../nested/file")
    #expect(try guest.status("out", follow: false) == .symbolicLink)
  }

  /// The kernel's listing names the folder's parent, but nothing is told about it.
  @Test func parentInListingIsTheFolderItself() throws {
    let guest = try Guest(Scratch())
    try guest.wasi.fd_readdir(guest.memory, 3, 4096, 1024, 0, guest.result)
    try guest.wasi.fd_filestat_get(guest.memory, 3, 128)
    let own = guest.word(128 + 8, as: UInt64.self)
    var offset: UInt32 = 4096
    let end = offset + guest.word(guest.result)
    var seen = 0
    while offset < end {
      let length: UInt32 = guest.word(offset + 16)
      let name = String(decoding: guest.bytes(offset + 24, length), as: UTF8.self)
      if name == "." || name == ".." {
        #expect(guest.word(offset + 8, as: UInt64.self) == own)
        seen += 1
      }
      offset += 24 + length
    }
    #expect(seen == 2)
  }

  /// More levels than a resolution holds open.
  @Test func deepPathsGoBackTheWayTheyCame() throws {
    let scratch = Scratch()
    var path = "inside"
    for level in 0..<40 {
      path += "/d\(level)"
      scratch.directory(path)
    }
    let down = (0..<40).map { "d\($0)" }.joined(separator: "/")
    let up = String(repeating: "/..", count: 40)
    let guest = try Guest(scratch)
    #expect(try guest.contents(down + up + "/file") == "inside")
    #expect(try guest.contents(down + up + "/" + down + up + "/dir/nested/file") == "nested")
    #expect(throws: Errno.notPermitted) { try guest.contents(down + up + "/../outside/secret") }
    #expect(throws: Errno.notPermitted) { try guest.contents(down + up + "/" + down + up + "/../outside/secret") }
  }
}
