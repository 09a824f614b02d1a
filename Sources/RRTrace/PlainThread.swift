internal import Glibc

/// A thread of the system's own, for work that would block one of the few that Swift's tasks share.
struct PlainThread: ~Copyable, Sendable {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private let handle: pthread_t

    /// Starts `body`; `nil` if the system has no thread to give.
    init?(_ body: @escaping @Sendable () -> Void) {
        var handle = pthread_t()
        let work = unsafe Unmanaged.passRetained(Work(body))
        let failed = unsafe pthread_create(
            &handle, nil,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
                }
                return nil
            }, work.toOpaque())
        guard failed == 0 else {
            unsafe work.release()
            return nil
        }
        self.handle = handle
    }

    /// Waits for its end. Once only.
    func join() { pthread_join(handle, nil) }
}
