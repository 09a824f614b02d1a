import Replay
import SystemPackage

/// Many processes of many nodes, for one gdb: a server of gdb's remote protocol, in which every process that was visited is an inferior.
///
/// What keeps gdb alive here is described in docs/debugger.md.
public final class DebugServer {
    /// Answers the commands of the user that are not gdb's own: the words behind `monitor`.
    public typealias Monitor = (String) throws -> String

    let gdb: GDBConnection
    /// The processes that were visited, by number less one.
    public private(set) var debuggees: [Debuggee] = []
    /// Whose memory and registers gdb asks for (`Hg`).
    var asked: Debuggee
    /// Who moves backwards, and its thread (`Hc`).
    var moved: (debuggee: Debuggee, task: Int32?)?
    /// Who stopped last, or was shown to the user since.
    public var focus: Debuggee
    private let monitor: Monitor
    /// The signals that gdb does not want to hear of, as it says it.
    private var passedSignals: String?
    /// Whether gdb wants to stop what does not run any more.
    var isInterrupted = false
    private var troubles: [String] = []

    /// A server of `first` and whatever `monitor` adds.
    public init(first: Debuggee, monitor: @escaping Monitor) throws(DebugError) {
        do {
            gdb = try GDBConnection()
        } catch {
            throw .noPort(errno: error.rawValue)
        }
        self.monitor = monitor
        asked = first
        focus = first
        add(first)
        first.isAttached = true
    }

    /// The port of the loopback address at which gdb finds it.
    public var port: UInt16 { gdb.port }

    /// Takes a process in, as the next one.
    public func add(_ debuggee: Debuggee) {
        debuggee.replay.passedSignals = passedSignals
        debuggees.append(debuggee)
    }

    /// The user has selected the process of this number.
    func choose(_ number: Int) { focus = debuggee(number) ?? focus }

    /// Serves one client after the other for as long as `isWanted`.
    public func serve(while isWanted: () -> Bool) {
        while isWanted() {
            guard gdb.accept(within: Self.acceptInterval) else { continue }
            serveClient()
            gdb.disconnect()
            for debuggee in debuggees { debuggee.isAttached = debuggee === focus }
        }
    }

    /// How often it is looked whether anybody still wants to be served, in milliseconds.
    private static let acceptInterval: Int32 = 50

    private func serveClient() {
        while true {
            switch gdb.next() {
            case .closed: return
            case .interrupt: isInterrupted = true
            case .request(let request):
                if request == Array("k".utf8) { return }
                gdb.reply(answer(request))
            }
        }
    }

    private func answer(_ request: [UInt8]) -> [UInt8] {
        let text = String(decoding: request, as: UTF8.self)
        do {
            if let own = try handshake(text) ?? threads(text) ?? breakpoints(text) ?? movement(text) { return Array(own.utf8) }
            return try memory(request, text)
        } catch {
            note(error)
            return Array("E01".utf8)
        }
    }

    /// Keeps what went wrong until gdb listens: it takes texts only while something runs, or for `monitor`.
    func note(_ error: any Error) { troubles.append("ridealong: \(error)\n") }

    /// Tells what went wrong since the user was last told something.
    func showTroubles() {
        for trouble in troubles { gdb.show(trouble) }
        troubles = []
    }

    /// What gdb and we can do.
    private func handshake(_ text: String) throws -> String? {
        if text.hasPrefix("qSupported") { return Self.features }
        switch text {
        case "QStartNoAckMode":
            gdb.stopAcknowledging()
            return "OK"
        case "!": return "OK"
        case "vCont?": return "vCont;c;C;s;S"
        case "?": return "T05thread:\(focus.name);"
        case "qC": return "QC\(asked.name)"
        default: break
        }
        if text.hasPrefix("QPassSignals:") {
            passedSignals = String(text.dropFirst("QPassSignals:".count))
            for debuggee in debuggees { debuggee.replay.passedSignals = passedSignals }
            return "OK"
        }
        if text.hasPrefix("qSymbol") { return "OK" }
        if text.hasPrefix("qAttached") { return "1" }
        if text.hasPrefix("qRcmd,") { return command(text.dropFirst(6)) }
        return nil
    }

    private static let features = [
        "PacketSize=\(String(GDBConnection.largestRequest, radix: 16))", "QStartNoAckMode+", "qXfer:features:read+", "qXfer:auxv:read+",
        "qXfer:exec-file:read+", "qXfer:siginfo:read+", "qXfer:siginfo:write+", "multiprocess+", "hwbreak+", "swbreak+",
        "ConditionalBreakpoints+", "vContSupported+", "QPassSignals+", "ReverseContinue+", "ReverseStep+",
    ].joined(separator: ";")

    private func command(_ digits: Substring) -> String {
        let words = String(decoding: Hex.bytes(digits) ?? [], as: UTF8.self)
        do {
            let text = try monitor(words)
            if !words.hasPrefix("@") { showTroubles() }
            if !text.isEmpty { gdb.show(text) }
        } catch {
            gdb.show("error: \(error)\n")
        }
        return "OK"
    }
}
