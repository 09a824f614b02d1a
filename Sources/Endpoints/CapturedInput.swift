import Capture
import RRTrace
import RunModel

/// What a replay has captured of what calls hand over in memory: addresses. A capture is as little to be trusted as a trace.
extension EndpointTracker {
    /// The address that a call gives, with message `message` of several; `nil` if it gives none, or nobody knows which.
    func address(of call: PendingCall, message: Int = 0) -> Address? {
        guard let section = call.captured?.section(.address, message: message), let file = capture?.file else { return nil }
        return file.bytes(of: section, prefix: Self.largestSocketAddress).flatMap { Address(kernel: $0) }
    }

    /// The address that a call connects or sends to. Not one that the kernel takes for another: nobody (0.0.0.0) is this host, or whatever
    /// the socket is bound to.
    func destination(of call: PendingCall, message: Int = 0) -> Address? {
        guard let address = address(of: call, message: message), address != .unixUnnamed, !address.isAny else { return nil }
        return address
    }

    /// Where a message goes that a call sends: where the call says, or else where its datagram socket is connected to.
    func destination(of file: Int, _ call: PendingCall, message: Int = 0) -> Address? {
        guard files[file].kind.endpointKind.isDatagram, let captured = call.captured else { return nil }
        return captured.section(.address, message: message) == nil
            ? files[file].remote : destination(of: call, message: message)
    }
}
