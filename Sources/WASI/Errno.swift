#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The error codes of WASI preview 1 (`errno`). Success is 0 and not a case.
public enum Errno: UInt16, Error, Hashable, Sendable, CaseIterable {
  case tooBig = 1
  case access
  case addressInUse
  case addressNotAvailable
  case addressFamilyNotSupported
  case again
  case already
  case badDescriptor
  case badMessage
  case busy
  case canceled
  case child
  case connectionAborted
  case connectionRefused
  case connectionReset
  case deadlock
  case destinationAddressRequired
  case domain
  case diskQuota
  case exists
  case fault
  case fileTooBig
  case hostUnreachable
  case identifierRemoved
  case illegalByteSequence
  case inProgress
  case interrupted
  case invalid
  case io
  case isConnected
  case isDirectory
  case loop
  case tooManyOpenFiles
  case tooManyLinks
  case messageSize
  case multihop
  case nameTooLong
  case networkDown
  case networkReset
  case networkUnreachable
  case tooManyOpenFilesInSystem
  case noBufferSpace
  case noDevice
  case noEntry
  case notExecutable
  case noLocks
  case linkSevered
  case noMemory
  case noMessage
  case protocolNotAvailable
  case noSpace
  case notImplemented
  case notConnected
  case notDirectory
  case notEmpty
  case notRecoverable
  case notSocket
  case notSupported
  case notTerminal
  case noSuchDevice
  case overflow
  case ownerDead
  case notPermitted
  case brokenPipe
  case protocolError
  case protocolNotSupported
  case protocolType
  case range
  case readOnlyFileSystem
  case illegalSeek
  case noProcess
  case stale
  case timedOut
  case textFileBusy
  case crossDevice
  case notCapable
}

extension Errno {
  /// What a code of the host means to a guest. A code that WASI has no word for is ``io``.
  init(host code: Int32) {
    self =
      switch code {
      case E2BIG: .tooBig
      case EACCES: .access
      case EADDRINUSE: .addressInUse
      case EADDRNOTAVAIL: .addressNotAvailable
      case EAFNOSUPPORT: .addressFamilyNotSupported
      case EAGAIN: .again
      case EALREADY: .already
      case EBADF: .badDescriptor
      case EBADMSG: .badMessage
      case EBUSY: .busy
      case ECANCELED: .canceled
      case ECHILD: .child
      case ECONNABORTED: .connectionAborted
      case ECONNREFUSED: .connectionRefused
      case ECONNRESET: .connectionReset
      case EDEADLK: .deadlock
      case EDESTADDRREQ: .destinationAddressRequired
      case EDOM: .domain
      case EDQUOT: .diskQuota
      case EEXIST: .exists
      case EFAULT: .fault
      case EFBIG: .fileTooBig
      case EHOSTUNREACH: .hostUnreachable
      case EIDRM: .identifierRemoved
      case EILSEQ: .illegalByteSequence
      case EINPROGRESS: .inProgress
      case EINTR: .interrupted
      case EINVAL: .invalid
      case EIO: .io
      case EISCONN: .isConnected
      case EISDIR: .isDirectory
      case ELOOP: .loop
      case EMFILE: .tooManyOpenFiles
      case EMLINK: .tooManyLinks
      case EMSGSIZE: .messageSize
      case EMULTIHOP: .multihop
      case ENAMETOOLONG: .nameTooLong
      case ENETDOWN: .networkDown
      case ENETRESET: .networkReset
      case ENETUNREACH: .networkUnreachable
      case ENFILE: .tooManyOpenFilesInSystem
      case ENOBUFS: .noBufferSpace
      case ENODEV: .noDevice
      case ENOENT: .noEntry
      case ENOEXEC: .notExecutable
      case ENOLCK: .noLocks
      case ENOLINK: .linkSevered
      case ENOMEM: .noMemory
      case ENOMSG: .noMessage
      case ENOPROTOOPT: .protocolNotAvailable
      case ENOSPC: .noSpace
      case ENOSYS: .notImplemented
      case ENOTCONN: .notConnected
      case ENOTDIR: .notDirectory
      case ENOTEMPTY: .notEmpty
      case ENOTRECOVERABLE: .notRecoverable
      case ENOTSOCK: .notSocket
      case ENOTSUP, EOPNOTSUPP: .notSupported
      case ENOTTY: .notTerminal
      case ENXIO: .noSuchDevice
      case EOVERFLOW: .overflow
      case EOWNERDEAD: .ownerDead
      case EPERM: .notPermitted
      case EPIPE: .brokenPipe
      case EPROTO: .protocolError
      case EPROTONOSUPPORT: .protocolNotSupported
      case EPROTOTYPE: .protocolType
      case ERANGE: .range
      case EROFS: .readOnlyFileSystem
      case ESPIPE: .illegalSeek
      case ESRCH: .noProcess
      case ESTALE: .stale
      case ETIMEDOUT: .timedOut
      case ETXTBSY: .textFileBusy
      case EXDEV: .crossDevice
      default: .io
      }
  }

  /// The error of a host call that has just failed on this thread.
  static var last: Errno { Errno(host: errno) }
}

/// Passes on what a host call returned, or throws the error that it left when it failed.
@discardableResult
func checked<Result: SignedInteger>(_ result: Result) throws(Errno) -> Result {
  if result < 0 { throw Errno.last }
  return result
}
