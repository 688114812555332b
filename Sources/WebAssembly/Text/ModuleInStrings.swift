// Modules whose binary or text stands in strings, as scripts have them.

extension TextParser {
  /// The module of `(module $id? binary "..."*)` or `(module $id? quote "..."*)`; nil where the text is neither.
  ///
  /// Its instructions have no place in the text. An error in it is one of its strings.
  mutating func moduleInStrings() throws(TextError) -> ParsedModule? {
    guard isOpen(.module) else { return nil }
    let form = tokens[position + 2].kind == .identifier ? position + 3 : position + 2
    let isBinary = tokens[form].kind == .keyword && tokens[form].value == Keyword.binary.rawValue
    let isQuote = tokens[form].kind == .keyword && tokens[form].value == Keyword.quote.rawValue
    guard isBinary || isQuote else { return nil }
    position = form + 1
    var bytes: [UInt8] = []
    while kind == .string {
      appendString(tokens[position].range, of: source, to: &bytes)
      position += 1
    }
    try expect(.rightParenthesis)
    try expect(.endOfText)
    let module: Module
    if isBinary {
      do throws(ModuleError) {
        module = try ModuleDecoder.decode(bytes, features: features, limits: limits)
      } catch {
        throw self.error("in the binary: \(error)", at: form)
      }
    } else {
      do throws(TextError) {
        let stream = try Lexer.tokens(of: bytes, features: features, limits: limits)
        // A quotation in a quotation is none of the forms of a module.
        var parser = TextParser(stream, features: features, limits: limits, emitNames: emitNames)
        module = try parser.parse(isInScript: false).module
      } catch {
        throw self.error("in the quotation, \(error.line):\(error.column): \(error.message)", at: form)
      }
    }
    return ParsedModule(module: module, positions: TextPositions())
  }
}
