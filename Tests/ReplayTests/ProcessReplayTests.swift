import Foundation
import Glibc
import Indexer
import RRTrace
import Recorder
import RunModel
import Testing

@testable import Replay

/// The engine of the debugger, without gdb: one process of a trace, moved both ways.
@Suite struct ProcessReplayTests {
    /// A replay of the process that `event` belongs to, standing behind the event, and its thread.
    private func replay(_ scenario: Scenario, _ node: String, at event: RecordedEvent) throws -> ProcessReplay {
        let trace = try scenario.directory(of: node)
        let lives = try ProcessLife.all(of: trace)
        let target = try #require(try ReplayTarget(event.moment, in: trace))
        let subject = ProcessReplay.Subject(
            rr: scenario.rr, version: try RRVersion.of(scenario.rr.executable), trace: trace.path,
            life: try #require(lives[target.process]))
        let replay = ProcessReplay(subject)
        try replay.seek(to: event.number, task: event.task)
        return replay
    }

    private func receives(_ scenario: Scenario) throws -> [RecordedEvent] { try scenario.calls("recvfrom", returns: true, in: "server") }

    @Test func aSeekStandsBehindItsEventWhereverItComesFrom() throws {
        let scenario = try Scenario.recorded()
        let events = try receives(scenario)
        let replay = try replay(scenario, "server", at: events[0])
        let own = events.filter { $0.task == events[0].task }
        try #require(own.count >= 2)
        let first = try replay.place()
        for event in own.reversed() + own { try replay.seek(to: event.number, task: event.task) }
        try replay.seek(to: own[0].number, task: own[0].task)
        #expect(try replay.place() == first && replay.event == own[0].number)
    }

    @Test func aStepBackTakesAStepForwardBack() throws {
        let scenario = try Scenario.recorded()
        let event = try #require(try receives(scenario).first)
        let replay = try replay(scenario, "server", at: event)
        var places = [try replay.place()]
        for _ in 0..<5 {
            #expect(try replay.resume(.forward([ProcessReplay.Action(isStep: true, task: event.task)])).edge == nil)
            places.append(try replay.place())
        }
        #expect(Set(places).count == 6)
        for place in places.reversed().dropFirst() {
            try replay.resume(.backward(stepping: event.task))
            #expect(try replay.place().registers == place.registers)
        }
        // A replay that was ended comes back to where it was.
        try replay.go(to: places[4])
        try replay.suspend()
        #expect(!replay.isOpen)
        #expect(try replay.place() == places[4])
        // And a place within the event is found again from anywhere.
        try replay.seek(to: .max)
        #expect(try replay.go(to: places[3]) && replay.place() == places[3])
    }

    @Test func thereIsAnEndAndABeginning() throws {
        let scenario = try Scenario.recorded()
        let event = try #require(try scenario.calls("recvfrom", returns: true, in: "client").first)
        let replay = try replay(scenario, "client", at: event)
        #expect(try replay.resume(.forward([ProcessReplay.Action(isStep: false, task: nil)])).edge == .end)
        #expect(try replay.resume(.forward([ProcessReplay.Action(isStep: false, task: nil)])).edge == .end)
        #expect(try replay.resume(.backward(stepping: nil)).edge == .begin)
        #expect(try replay.resume(.backward(stepping: nil)).edge == .begin)
        #expect(try replay.currentEvent() < event.number)
    }

    @Test func breakpointsOutliveSeeksAndTheDeathOfRR() throws {
        let scenario = try Scenario.recorded()
        let events = try receives(scenario)
        let replay = try replay(scenario, "server", at: events[0])
        let own = events.filter { $0.task == events[0].task }
        try #require(own.count >= 2)
        try replay.seek(to: own[1].number, task: own[1].task)
        let there = try replay.place()
        // The instruction behind the call: where every receive of the process comes to.
        let next = try #require(ProcessReplay.instructionPointer(of: there.registers))
        let breakpoint = try #require(Breakpoint.parse("Z0,\(String(next, radix: 16)),1"))
        try replay.change(breakpoint.breakpoint, conditions: breakpoint.conditions, set: true)
        for isKilled in [false, true] {
            try replay.seek(to: own[0].number, task: own[0].task)
            if isKilled {
                kill(try #require(replay.processID), SIGKILL)
                // The first request finds out, and says so; the next is served again.
                let stop = try replay.resume(.forward([ProcessReplay.Action(isStep: true, task: nil)]))
                #expect(stop.restart != nil)
                try replay.seek(to: own[0].number, task: own[0].task)
            }
            try replay.resume(.forward([ProcessReplay.Action(isStep: true, task: own[0].task)]))
            let stop = try replay.resume(.forward([ProcessReplay.Action(isStep: false, task: nil)]))
            #expect(stop.signal == 5 && stop.edge == nil)
            #expect(try replay.place().registers == there.registers)
        }
    }
}
