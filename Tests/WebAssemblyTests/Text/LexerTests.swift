import Testing

@testable import WebAssembly

@Suite struct LexerTests {
  private func kinds(_ text: String) throws -> [Token.Kind] {
    try Lexer.tokens(of: Array(text.utf8)).tokens.dropLast(2).map(\.kind)
  }

  @Test func tokensAreAsLongAsCanBe() throws {
    #expect(try kinds("(func $f)") == [.leftParenthesis, .keyword, .identifier, .rightParenthesis])
    #expect(try kinds("(a)\"b\"") == [.leftParenthesis, .unknown, .rightParenthesis, .string])
    #expect(try kinds("0$x 0\"x\" \"x\"0 \"a\"\"b\" $\"a\"b func\"a\"") == Array(repeating: .unknown, count: 6))
    #expect(try kinds("nop;;x\nnop(;(;;)x;)nop\r;;\r\nnop") == Array(repeating: .keyword, count: 4))
    #expect(
      try kinds("offset=1 align=0x10 offset= offset=-1 align=x") == [
        .offsetEquals, .alignEquals, .unknown, .unknown, .unknown,
      ])
    #expect(try kinds(", ; [ ] { }") == Array(repeating: .unknown, count: 6))
  }

  @Test func parenthesesKnowTheirEnd() throws {
    let tokens = try Lexer.tokens(of: Array("(())(".utf8)).tokens
    #expect(tokens.map(\.value).prefix(5) == [3, 2, 0, 0, 5])
  }

  @Test func quotedIdentifiersAreTheSameAsPlainOnes() throws {
    let stream = try Lexer.tokens(of: Array(#"$fi $"fi" $"\66\u{69}" $"a b""#.utf8))
    #expect(stream.tokens.dropLast(2).map(\.value) == [1, 1, 1, 2])
    #expect(stream.symbols.text(2) == "a b")
  }

  @Test func stringsAreDecoded() throws {
    let source = Array(#""a\n\t\r\"\'\\\00\ff\u{1F600}ö""#.utf8)
    var bytes: [UInt8] = []
    #expect(try kinds(String(decoding: source, as: UTF8.self)) == [.string])
    appendString(0..<source.count, of: source, to: &bytes)
    #expect(bytes == [0x61, 10, 9, 13, 0x22, 0x27, 0x5C, 0, 0xFF, 0xF0, 0x9F, 0x98, 0x80, 0xC3, 0xB6])
  }

  @Test(arguments: [
    ("\"abc", "unclosed string"), ("\"a\nb\"", "unclosed string"), ("\"\\", "unclosed string"),
    ("\"\u{1}\"", "illegal control character"), (#""\x""#, "illegal escape"), (#""\0""#, "illegal escape"),
    (#""\u{}""#, "illegal escape"), (#""\u{110000}""#, "illegal escape"), (#""\u{d800}""#, "illegal escape"),
    (#""\u{1__0}""#, "illegal escape"), (#""\u12""#, "illegal escape"), ("(; (; ;)", "unclosed comment"),
    ("\u{1}", "illegal character"), ("é", "illegal character"), ("$", "empty identifier"),
    ("$\"\"", "empty identifier"),
    ("(@)", "empty annotation id"), ("(@a", "unclosed annotation"), ("(@a \"", "unclosed string"),
  ])
  func malformedTokensAreRefused(_ text: String, _ message: String) {
    do {
      _ = try Lexer.tokens(of: Array(text.utf8))
      Issue.record("\(text) was read")
    } catch { #expect(error.message.hasPrefix(message), "\(text)") }
  }

  @Test func malformedUTF8IsFoundWhereverItStands() {
    for bytes: [UInt8] in [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xE1, 0x80],
      [0xF0, 0x8F, 0xBF, 0xBF],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xF1, 0x80, 0x80], [0xC2, 0x41],
    ] {
      #expect(malformedUTF8(in: bytes, 0..<bytes.count) != nil, "\(bytes)")
      #expect(throws: TextError.self) { try Lexer.tokens(of: Array("(; ".utf8) + bytes + Array(" ;)".utf8)) }
    }
    for text in ["é", "€", "😀", "\u{D7FF}\u{E000}\u{10FFFF}"] {
      let bytes = Array(text.utf8)
      #expect(malformedUTF8(in: bytes, 0..<bytes.count) == nil)
    }
  }
}
