import RRTrace

/// Kinds of calls, as strace's filters name them.
enum CallClasses {
    private static let words: [String: Set<String>] = {
        var classes = [
            "network": """
            socket socketpair bind connect listen accept accept4 getsockname getpeername getsockopt setsockopt sendto recvfrom sendmsg \
            recvmsg sendmmsg recvmmsg shutdown socketcall
            """,
            "process": """
            clone clone3 fork vfork execve execveat exit exit_group wait4 waitid waitpid kill tkill tgkill rt_sigqueueinfo \
            rt_tgsigqueueinfo pidfd_open pidfd_send_signal unshare
            """,
            "signal": """
            rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo rt_sigsuspend \
            sigaltstack signalfd signalfd4 kill tkill tgkill pause pidfd_send_signal sigaction sigprocmask sigreturn signal
            """,
            "memory": """
            brk mmap mmap2 munmap mremap mprotect pkey_mprotect msync mincore madvise process_madvise mlock mlock2 munlock mlockall \
            munlockall remap_file_pages mbind set_mempolicy get_mempolicy migrate_pages move_pages membarrier shmat shmdt
            """,
        ].mapValues { Set($0.split(separator: " ").map { String($0) }) }
        // These follow from what the calls take and give.
        classes["file"] = Set(CallShape.names.filter { CallShape.named($0).takesPath })
        classes["desc"] = Set(CallShape.names.filter { CallShape.named($0).concernsDescriptors })
        return classes
    }()

    /// The names of the classes, for people.
    static var list: String { words.keys.sorted().map { "%" + $0 }.joined(separator: " ") }

    /// The calls that `word` stands for: a class (`%network`, or as of old `network`), or one call; `nil` for what is neither.
    static func members(_ word: Substring) -> Set<String>? {
        if word.first == "%" { return words[String(word.dropFirst())] }
        if let members = words[String(word)], word != "signal" { return members }
        return names.contains(String(word)) ? [String(word)] : nil
    }

    /// Every name that a call has on some architecture.
    private static let names: Set<String> = {
        var names = CallShape.names
        for architecture in Architecture.allCases {
            for number in 0..<Int32(512) { if let name = SyscallTable.table(architecture).name(number) { names.insert(name) } }
        }
        return names
    }()
}

extension CallShape {
    /// Whether an argument is a path.
    fileprivate var takesPath: Bool {
        arguments.contains { if case .path = $0 { true } else { false } }
    }

    /// Whether it takes or makes a descriptor.
    fileprivate var concernsDescriptors: Bool {
        if case .descriptor = result { return true }
        return arguments.contains { kind in
            switch kind {
            case .descriptor, .directory, .written(.descriptors), .written(.polls): true
            default: false
            }
        }
    }
}
