#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif
import Synchronization
import Testing

@testable import WASI

/// Somebody else who changes the tree again and again while a guest uses it.
private final class Meddler: @unchecked Sendable {
  private let stop = Atomic<Bool>(false)
  private let rounds = Atomic<Int>(0)
  private var thread = pthread_t()
  private let step: () -> Void

  init(_ step: @escaping () -> Void) {
    self.step = step
    pthread_create(
      &thread, nil,
      { raw in
        let meddler = Unmanaged<Meddler>.fromOpaque(raw!).takeRetainedValue()
        while !meddler.stop.load(ordering: .relaxed) {
          meddler.step()
          meddler.rounds.add(1, ordering: .relaxed)
        }
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
  }

  /// Ends the thread and waits for it.
  func finish() {
    stop.store(true, ordering: .relaxed)
    pthread_join(thread, nil)
  }

  var hasMeddled: Bool { rounds.load(ordering: .relaxed) > 0 }
}

@Suite(.serialized) struct RaceTests {
  /// Each name in turn takes the place of `inside/swap`.
  private func swapping(_ scratch: Scratch, _ body: (Guest) throws -> Void) throws {
    scratch.directory("inside/honest")
    scratch.write("inside", to: "inside/honest/secret")
    scratch.link("inside/liar", to: "../outside")
    let (honest, liar, swap) = (
      scratch.inside + "/honest", scratch.inside + "/liar", scratch.inside + "/swap"
    )
    let meddler = Meddler {
      rename(honest, swap)
      rename(swap, honest)
      rename(liar, swap)
      rename(swap, liar)
    }
    defer { meddler.finish() }
    try body(try Guest(scratch))
    while !meddler.hasMeddled { usleep(100) }
  }

  @Test func aDirectoryThatBecomesALinkIsNotFollowedOut() throws {
    let scratch = Scratch()
    let before = scratch.stateOutside()
    try swapping(scratch) { guest in
      var opened = 0
      for _ in 0..<4000 {
        do throws(Errno) {
          #expect(try guest.contents("swap/secret") == "inside")
          opened += 1
        } catch {
          #expect([.noEntry, .notPermitted, .notDirectory, .loop].contains(error), "\(error)")
        }
        // A change outside would have gone through the link.
        do throws(Errno) { try guest.makeDirectory("swap/new") } catch {}
        do throws(Errno) { try guest.removeDirectory("swap/new") } catch {}
        do throws(Errno) { try guest.rename("file", "swap/file") } catch {}
        do throws(Errno) { try guest.rename("swap/file", "file") } catch {}
        do throws(Errno) { _ = try guest.open("swap/made", [.create, .truncate], rights: .fdWrite) } catch {}
        do throws(Errno) { try guest.touch("swap/secret") } catch {}
        for fd in 5..<UInt32(40) { try? guest.wasi.fd_close(fd) }
      }
    }
    #expect(scratch.stateOutside() == before)
  }

  @Test func aFileThatBecomesALinkIsNotFollowedOut() throws {
    let scratch = Scratch()
    scratch.write("inside", to: "inside/honest")
    scratch.link("inside/liar", to: "../outside/secret")
    let before = scratch.stateOutside()
    let (honest, liar, swap) = (
      scratch.inside + "/honest", scratch.inside + "/liar", scratch.inside + "/swap"
    )
    let meddler = Meddler {
      rename(honest, swap)
      rename(swap, honest)
      rename(liar, swap)
      rename(swap, liar)
    }
    let guest = try Guest(scratch)
    for _ in 0..<4000 {
      do throws(Errno) {
        #expect(try guest.contents("swap") == "inside")
      } catch {
        #expect([.noEntry, .notPermitted, .loop].contains(error), "\(error)")
      }
      do throws(Errno) {
        let fd = try guest.open("swap", rights: .fdWrite)
        _ = try guest.write("inside", to: fd)
        try guest.wasi.fd_close(fd)
      } catch {}
      do throws(Errno) { try guest.touch("swap") } catch {}
      do throws(Errno) {
        try guest.link("swap", "linked", follow: true)
        try guest.unlink("linked")
      } catch {}
    }
    meddler.finish()
    #expect(scratch.stateOutside() == before)
  }

  /// Going back is not asking the host for the parent, which may be elsewhere by then.
  @Test func aDirectoryMovedOutsideDoesNotLeadThere() throws {
    let scratch = Scratch()
    scratch.directory("inside/a")
    scratch.directory("inside/a/b")
    scratch.directory("inside/a/b/c")
    scratch.write("inside", to: "inside/a/secret")
    let (here, there) = (scratch.inside + "/a/b", scratch.outside + "/b")
    let meddler = Meddler {
      rename(here, there)
      rename(there, here)
    }
    let guest = try Guest(scratch)
    for _ in 0..<4000 {
      do throws(Errno) {
        #expect(try guest.contents("a/b/c/../../secret") == "inside")
      } catch {
        #expect(error == .noEntry, "\(error)")
      }
      do throws(Errno) {
        _ = try guest.contents("a/b/c/../../../../outside/secret")
        Issue.record("got out")
      } catch {
        #expect([.noEntry, .notPermitted].contains(error), "\(error)")
      }
    }
    meddler.finish()
  }
}
