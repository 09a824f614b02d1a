#!/bin/sh
# Writes Sources/RRTrace/SyscallNames.swift: the system calls of this machine's kernel headers, for the three architectures.
# Run it from the root of the repository after a kernel has learned new calls.
set -eu
x86=/usr/include/x86_64-linux-gnu/asm

# names ARCHITECTURE HEADER CPP-OPTION...: a Swift string of the names in order; a number says where a run begins.
names() {
    name=$1 header=$2
    shift 2
    printf '    /// `%s`.\n' "${header#/usr/include/}"
    printf '    // swift-format-ignore: AlwaysUseLowerCamelCase\n    static let %s = """\n' "$name"
    cpp -dM "$@" "$header" | awk '
        $2 ~ /^__NR/ { value[$2] = $3 }
        END {
            for (name in value) {
                number = value[name]
                while (number in value) number = value[number]
                short = name
                if (sub(/^__NR_/, "", short) && number ~ /^[0-9]+$/ && short !~ /^(syscalls|arch_specific_syscall)$/) print number, short
            }
        }' | sort -k1n,1 -k2r,2 | awk '
        NR > 1 && $1 == last { next }
        NR > 1 && $1 != last + 1 { print $1 }
        { print $2; last = $1 }' | fmt -w 130 | sed 's/^/        /'
    printf '        """\n'
}

{
    echo '// Written by Scripts/syscall-names.sh; do not edit.'
    echo
    echo '/// The names of the system calls, as in the kernel'"'"'s headers: in the order of their numbers, where a number'
    echo '/// among the names says the number of the next.'
    echo 'enum SyscallNames {'
    names x86_64 $x86/unistd_64.h
    echo
    names x86 $x86/unistd_32.h
    echo
    names aarch64 /usr/include/asm-generic/unistd.h -D__BITS_PER_LONG=64 -D__ARCH_WANT_RENAMEAT -D__ARCH_WANT_NEW_STAT \
        -D__ARCH_WANT_SET_GET_RLIMIT -D__ARCH_WANT_SYS_CLONE3 -D__ARCH_WANT_MEMFD_SECRET
    echo '}'
} >Sources/RRTrace/SyscallNames.swift
