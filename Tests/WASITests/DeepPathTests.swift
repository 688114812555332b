import Glibc
import Testing
import WasmEngine

@testable import WASI

/// Paths that name many steps: each is a call of the host, and where it is no longer held open, so is the way down to what
/// `..` goes back to.
@Suite struct DeepPathTests {
  /// A tree of folders `a`, some deep, with a link `down` at half of its depth that leads to its end, and links `up` at the
  /// end, and at each place to which one leads, that lead up 1,300 steps.
  private final class Tree {
    let scratch = Scratch()

    init(depth: Int) {
      var folder = open(scratch.inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      for level in 0..<depth {
        if level == depth / 2 {
          #expect(symlinkat(String(repeating: "a/", count: depth - level), folder, "down") == 0)
        }
        if (depth - level) % 1300 == 0 {
          #expect(symlinkat(String(repeating: "../", count: 1300), folder, "up") == 0)
        }
        #expect(mkdirat(folder, "a", 0o700) == 0)
        let next = openat(folder, "a", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        close(folder)
        folder = next
      }
      #expect(symlinkat(String(repeating: "../", count: 1300), folder, "up") == 0)
      close(folder)
    }

    /// Takes the tree apart from its root: what lies two levels down is moved up before its folder goes.
    deinit {
      let root = open(scratch.inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      defer { close(root) }
      while renameat(root, "a/a", root, "b") == 0 {
        for name in ["a/down", "a/up"] { unlinkat(root, name, 0) }
        unlinkat(root, "a", AT_REMOVEDIR)
        renameat(root, "b", root, "a")
      }
      for name in ["a/down", "a/up"] { unlinkat(root, name, 0) }
      unlinkat(root, "a", AT_REMOVEDIR)
    }
  }

  @Test func theStepsOfAPathAreLimited() throws {
    let tree = Tree(depth: 4000)
    let guest = try Guest(tree.scratch)
    let half = String(repeating: "a/", count: 2000)
    // What only goes down is resolved, however deep.
    #expect(try guest.status(half + "down") == .directory)
    #expect(try guest.status(half + "down/up", follow: false) == .symbolicLink)
    // Back up it would take hundreds of thousands of calls.
    #expect(throws: Errno.nameTooLong) { try guest.status(half + "down/up/up/up/a/file") }
    #expect(throws: Errno.nameTooLong) { try guest.open(half + "down/up/up/up/a/file") }
  }

  @Test func aPathMayGoBackUpWhatItWentDown() throws {
    let tree = Tree(depth: 300)
    let guest = try Guest(tree.scratch)
    let path = String(repeating: "a/", count: 300) + String(repeating: "../", count: 300)
    #expect(try guest.contents(path + "file") == "inside")
    #expect(throws: Errno.notPermitted) { try guest.open(path + "../outside") }
  }

  @Test func anInterruptionEndsAResolution() throws {
    let tree = Tree(depth: 40)
    let directory = try HostDescriptor(open(tree.scratch.inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    var steps = 0
    #expect(throws: Errno.interrupted) {
      try PathResolution.resolve(
        Array(String(repeating: "a/", count: 40).utf8), from: directory, last: .follow
      ) { () throws(Errno) in
        steps += 1
        if steps > 20 { throw .interrupted }
      }
    }
    #expect(steps == 21)
  }
}
