import Foundation

/// The descriptors 0, 1 and 2.
enum StandardStreams {
    /// Fills the places of those that are closed, so that no file of ours gets their numbers and is written to as if it were a terminal.
    ///
    /// Output that nobody can have stays an error. What a recorded program inherits stays closed.
    static func fill() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest free number is the one that is missing.
            _ = open("/dev/null", (descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC)
        }
    }
}

/// Standard error, for what is no listing.
enum StandardError {
    /// Says why not all bytes of messages could be read.
    static func writeUnread(_ troubles: [String]) {
        for trouble in troubles { write("ridealong: not all bytes could be read: \(trouble)\n") }
    }

    /// Writes `text` if it can be written: there is nowhere to complain about this.
    static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }
}
