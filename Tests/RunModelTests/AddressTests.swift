import RunModel
import Testing

@Suite struct AddressTests {
    @Test func printsAsPeopleWriteThem() {
        #expect(Address.ipv4(0x7f00_0001, port: 80).description == "127.0.0.1:80")
        #expect(Address.ipv6(high: 0, low: 1, port: 80).description == "[::1]:80")
        #expect(Address.ipv6(high: 0, low: 0, port: 1).description == "[::]:1")
        #expect(Address.ipv6(high: 0xfe80 << 48, low: 0x0001_0000_0000_0002, port: 9).description == "[fe80::1:0:0:2]:9")
        #expect(Address.ipv6(high: 0x2001_0db8_0000_0001, low: 1, port: 9).description == "[2001:db8:0:1::1]:9")
        #expect(Address.unixPath("/run/x").description == "/run/x")
        #expect(Address.unixAbstract([120]).description == "@x")
    }

    @Test func mappedIPv4IsIPv4() {
        #expect(Address.normalizedIPv6(high: 0, low: 0xffff_7f00_0001, port: 7) == .ipv4(0x7f00_0001, port: 7))
        #expect(Address.normalizedIPv6(high: 0, low: 1, port: 7) == .ipv6(high: 0, low: 1, port: 7))
    }

    @Test func knowsWhatOnlyOneHostUnderstands() {
        #expect(Address.ipv4(0x7f00_0102, port: 1).isHostLocal)
        #expect(Address.ipv6(high: 0, low: 1, port: 1).isHostLocal)
        #expect(Address.ipv6(high: 0xfe80 << 48, low: 1, port: 1).isHostLocal)
        #expect(!Address.ipv4(0x0a00_0001, port: 1).isHostLocal)
        #expect(!Address.ipv6(high: 0x2001_0db8 << 32, low: 1, port: 1).isHostLocal)
    }
}
