import CInflate
import Foundation

/// Inflates every chunk of the stream file at `path`, one after the other, and does nothing with it: no reader can be faster on one thread.
func inflateAll(_ path: String) throws {
    guard let file = fopen(path, "rb") else { throw BenchmarkError("\(path) cannot be opened") }
    defer { fclose(file) }
    var lengths: [UInt32] = [0, 0]
    var stored: [UInt8] = []
    var inflated: [UInt8] = []
    while fread(&lengths, 4, 2, file) == 2 {
        let (storedCount, count) = (Int(lengths[0]), Int(lengths[1]))
        if stored.count < storedCount { stored = [UInt8](repeating: 0, count: storedCount) }
        if inflated.count < count { inflated = [UInt8](repeating: 0, count: count) }
        var size = count
        guard fread(&stored, 1, storedCount, file) == storedCount,
            BrotliDecoderDecompress(storedCount, stored, &size, &inflated) == BROTLI_DECODER_RESULT_SUCCESS, size == count
        else { throw BenchmarkError("\(path) is damaged") }
    }
}
