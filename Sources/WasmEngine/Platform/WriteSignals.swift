#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The signals of writes that fail: SIGPIPE where nobody reads any more, SIGXFSZ where a file would become larger than the
/// process may make one. Their error numbers say the same, and the signals end a process that did not expect them.
package enum WriteSignals {
  /// Makes a system call without them, whose result and `errno` it leaves as they are.
  ///
  /// Both signals come to the thread that makes the call, so that they are blocked on it meanwhile and taken back. What the
  /// process does at them, and those of others that already wait, stay untouched.
  ///
  /// - Parameter whole: The result of a call that has done all that it was to do; no signal comes with that.
  package static func withheld(expecting whole: Int, _ call: () -> Int) -> Int {
    var raised = sigset_t()
    sigemptyset(&raised)
    sigaddset(&raised, SIGPIPE)
    sigaddset(&raised, SIGXFSZ)
    var mask = sigset_t()
    guard System.setSignalMask(SIG_BLOCK, &raised, old: &mask) else { return -1 }
    var waiting = sigset_t()
    if sigismember(&mask, SIGPIPE) == 1 || sigismember(&mask, SIGXFSZ) == 1, sigpending(&waiting) == 0 {
      for signal in [SIGPIPE, SIGXFSZ] where sigismember(&waiting, signal) == 1 { sigdelset(&raised, signal) }
    }
    let result = call()
    let error = errno
    if result != whole { takeBack(&raised) }
    pthread_sigmask(SIG_SETMASK, &mask, nil)  // never refused: what was there comes back
    errno = error
    return result
  }

  private static func takeBack(_ signals: inout sigset_t) {
    #if canImport(Darwin)
      var waiting = sigset_t()
      for signal in [SIGPIPE, SIGXFSZ] {
        var one = sigset_t()
        sigemptyset(&one)
        sigaddset(&one, signal)
        var taken: Int32 = 0
        if sigismember(&signals, signal) == 1, sigpending(&waiting) == 0, sigismember(&waiting, signal) == 1 {
          sigwait(&one, &taken)
        }
      }
    #else
      var now = timespec()
      while sigtimedwait(&signals, nil, &now) > 0 || errno == EINTR {}
    #endif
  }
}
