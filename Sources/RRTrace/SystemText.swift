internal import Glibc

/// What the system says about the error number `errno`.
func systemMessage(_ errno: Int32) -> String {
    unsafe String(cString: strerror(errno))
}
