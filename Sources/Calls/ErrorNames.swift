import Glibc

/// The names and texts of error numbers.
enum ErrorNames {
    /// Names in the order of their numbers from 1 on, where a number among them says the number of the next (`asm-generic/errno.h`).
    private static let list = """
        EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV
        ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK
        ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP 42 ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT
        EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT 59 EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT
        ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC EILSEQ
        ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT
        EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET
        ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS
        ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED
        EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON
        """

    private static let names: [Int: String] = {
        var names: [Int: String] = [:]
        var number = 1
        for word in list.split(whereSeparator: \.isWhitespace) {
            if let next = Int(word) {
                number = next
            } else {
                names[number] = String(word)
                number += 1
            }
        }
        return names
    }()

    /// What a call returns inside the kernel when it was interrupted and is to be made again: no program sees these.
    private static let restarts = [
        512: ("ERESTARTSYS", "To be restarted if SA_RESTART is set"), 513: ("ERESTARTNOINTR", "To be restarted"),
        514: ("ERESTARTNOHAND", "To be restarted if no handler"), 516: ("ERESTART_RESTARTBLOCK", "Interrupted by signal"),
    ]

    /// Whether a call that returned `result` was broken off by a signal.
    static func isInterrupted(_ result: Int64) -> Bool {
        result == interrupted || result < 0 && result >= -4095 && restarts[Int(-result)] != nil
    }

    /// EINTR, as calls return it.
    static let interrupted: Int64 = -4

    /// The name of error `number`; `nil` if it has none.
    static func name(_ number: Int) -> String? { restarts[number]?.0 ?? names[number] }

    /// What a call that returned `result`, a negated error number, is said to return: `-1 EAGAIN (Resource temporarily unavailable)`.
    /// `nil` if `result` is no error.
    static func text(_ result: Int64) -> String? {
        guard result < 0, result >= -4095 else { return nil }
        let number = Int(-result)
        if let (name, text) = restarts[number] { return "? \(name) (\(text))" }
        guard let name = names[number] else { return "-1 (errno \(number))" }
        return "-1 \(name) (\(String(cString: strerror(Int32(number)))))"
    }
}
