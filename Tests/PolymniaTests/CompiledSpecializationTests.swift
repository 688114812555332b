import Foundation
import Testing
import WasmEngine
import WebAssembly

/// Copies of functions that clang has compiled: they compute what the originals do, or are refused.
@Suite(.enabled(if: !WebAssemblyClang.isMissing)) struct CompiledSpecializationTests {
  static let source = """
    #define EXPORT(name) __attribute__((export_name(name)))
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    EXPORT("total") int total(int *in, int n) { int s = 0; for (int i = 0; i < n; i++) s += days[in[i]]; return s; }
    EXPORT("biased") int biased(int *in, int n) { int s = 0; for (int i = 0; i < n; i++) s += days[in[i] - 1]; return s; }
    EXPORT("reverse") int reverse(int *in, int n) {
      int s = 0; for (int i = n; i-- > 0;) s = s * 3 + days[11 - in[i]]; return s;
    }
    static const char letters[26] = "qwertyuiopasdfghjklzxcvbn";
    EXPORT("letters") int of_letters(int *in, int n) {
      int s = 0; for (int i = 0; i < n; i++) s = s * 31 + letters[(unsigned char)in[i]]; return s;
    }
    static int counts[64];
    EXPORT("counts") int of_counts(int *in, int n) {
      for (int i = 0; i < n; i++) counts[in[i] & 63]++;
      int s = 0; for (int i = 0; i < 64; i++) s = s * 5 + counts[i];
      for (int i = 0; i < 64; i++) counts[i] = 0;
      return s;
    }
    __attribute__((noinline)) static int sum(const int *p, int n) { int s = 0; while (n-- > 0) s += *p++; return s; }
    EXPORT("year") int year(int *in, int n) { return sum(days, 12) + n; }
    EXPORT("both") int both(int *in, int n) { return sum(days, 12) + sum(in, n); }
    EXPORT("plain") int plain(int *in, int n) { return sum(in, n); }
    EXPORT("choose") int choose(int *in, int n) { const int *p = n > 3 ? days : in; return p[2]; }
    EXPORT("write") int write(int *in, int n) { for (int i = 0; i < n; i++) in[i] += days[in[i]]; return n; }
    EXPORT("copy") int copy(int *in, int n) { __builtin_memcpy(in, days, sizeof days); return n; }
    static const char *const names[3] = {"one", "two", "three"};
    EXPORT("names") int of_names(int *in, int n) { return names[in[0] % 3][in[1] & 1]; }
    EXPORT("keep") int keep(int *in, int n) { *(const char **)in = "kept"; return n; }
    static int last;
    EXPORT("last") int of_last(int *in, int n) { int old = last; last = in[0]; return old; }
    struct big { char pad[2000]; int value; };
    EXPORT("field") int field(struct big *in, int n) { return in->value; }
    static const long long wide[4] = {1, -2, 3ll << 40, 4};
    EXPORT("wide") int of_wide(int *in, int n) { long long s = n; for (int i = 0; i < n; i++) s ^= wide[in[i] & 3]; return s; }
    """

  static let names = [
    "total", "biased", "reverse", "letters", "counts", "year", "both", "plain", "choose", "write", "copy", "names",
    "keep",
    "last", "field", "wide",
  ]

  static func build(_ flags: String) throws -> Module {
    let folder = try Shell.scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(source.utf8).write(to: folder.appending(path: "program.c"))
    let built = try Shell.run(
      "clang --target=wasm32 -nostdlib -Wl,--no-entry \(flags) -o program.wasm program.c", in: folder,
      path: try #require(WebAssemblyClang.folder).path)
    try #require(built.status == 0, "\(built.output)")
    let bytes = Array(try Data(contentsOf: folder.appending(path: "program.wasm")))
    let validated = try ModuleValidator.validate(try ModuleDecoder.decode(bytes))
    let added = try MemoryAddition.add([try MemoryDeclaration(parsing: "other=export,min=2")], to: validated)
    return try ModuleDecoder.decode(ModuleEncoder.encode(added.module))
  }

  static let input: [Int32] = [1, 2, 11, 3, 7, 5, 9, 11, 4]

  /// What a function returns and leaves in its operands, called on a memory.
  static func run(_ module: Module, _ name: String, on memoryName: String) throws -> [Int32] {
    let engine = Engine()
    let instance = try Store(engine).instantiate(engine.compile(module), imports: [])
    for (memory, isMeant) in [("memory", memoryName == "memory"), ("other", memoryName == "other")] {
      // The other memory has other numbers there.
      for (place, number) in input.enumerated() {
        try instance.memory(memory).store(isMeant ? number : number % 3 + 2, at: 100_000 + UInt64(4 * place))
      }
    }
    var result: [Int32] = []
    for count: Int32 in [9, 3, 5] {
      let values = try instance.function(name).call([.i32(100_000), .i32(count)])
      if case .i32(let value)? = values.first { result.append(value) }
    }
    for place in 0..<32 {
      result.append(try instance.memory(memoryName).load(Int32.self, at: 100_000 + UInt64(4 * place)))
    }
    return result
  }

  @Test(arguments: [
    "-O1", "-O2", "-O3 -mbulk-memory", "-Os", "-O3 -msimd128 -mbulk-memory", "-O2 -Wl,--stack-first", "-O2 -Wl,-s",
    "-O0",
    "-O2 -mtail-call -mmultivalue -mextended-const",
  ])
  func copiesOfCompiledFunctionsAreRightOrRefused(flags: String) throws {
    let module = try Self.build(flags)
    let validated = try ModuleValidator.validate(module)
    var accepted: Set<String> = []
    for staticData in [SpecializationOptions.StaticData.stay, .refused] {
      var options = SpecializationOptions()
      options.staticData = staticData
      options.stack = .shared
      for name in Self.names {
        let copy: SpecializedModule
        do throws(TransformError) {
          copy = try FunctionSpecialization.specialize(
            validated, functions: [name], memories: [("0", "other")], options: options)
        } catch {
          #expect(error.message.contains("static data"), "\(name): \(error)")
          continue
        }
        if staticData == .stay { accepted.insert(name) }
        let new = try ModuleDecoder.decode(ModuleEncoder.encode(copy.module))
        let expected = try Self.run(module, name, on: "memory")
        #expect(try Self.run(new, copy.functions[0].exportName, on: "other") == expected, "\(name), \(staticData)")
      }
    }
    #expect(!accepted.contains("both") && !accepted.contains("choose") && !accepted.contains("names"))
    #expect(accepted.contains("plain"))
    if flags == "-O2" { #expect(accepted.isSuperset(of: ["total", "biased", "reverse", "letters", "counts", "wide"])) }
  }
}
