import GRDB
import RunModel

extension Row {
    /// The value of `column`.
    ///
    /// - Throws: `IndexError.damaged` where GRDB's own subscripts trap: what a damaged index holds need not be what was written.
    func value<Value: DatabaseValueConvertible>(_ column: String) throws(IndexError) -> Value {
        do { return try decode(forColumn: column) } catch { throw .damaged("\(error)") }
    }

    /// The unsigned number in `column`, if it is not null.
    func word(_ column: String) throws(IndexError) -> UInt64? {
        let signed: Int64? = try value(column)
        return signed.map { UInt64(bitPattern: $0) }
    }

    /// The moment in `column`, if it is not null.
    func moment(_ column: String) throws(IndexError) -> Moment? { try word(column).map { Moment(packed: $0) } }
}
