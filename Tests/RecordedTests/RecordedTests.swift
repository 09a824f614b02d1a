import TestSupport
import Testing

/// Real programs, recorded by the real `ridealong record` and looked at through its commands. Each run is recorded once; what is
/// expected of it comes from the programs themselves, not from Ridealong.
///
/// One at a time: a recording wants the machine for itself.
@Suite(.serialized, .keepingFailedRuns) struct RecordedTests {}
