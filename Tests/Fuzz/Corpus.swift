import WastRunner
import WebAssembly

/// The sound modules that mutants are made of, and those that once were a find.
struct Corpus {
  private(set) var binaries: [[UInt8]] = []
  private(set) var texts: [[UInt8]] = []
  private var seen: Set<[UInt8]> = []

  /// Large modules slow everything down and reach nothing that small ones do not.
  private static let largestBinary = 24 << 10
  private static let largestText = 32 << 10

  /// The modules of the scripts in a folder, where it is there, of the examples and the kept finds below the package's
  /// folder, and ours.
  init(scripts: String, package: String) {
    for source in Self.own { add(text: Array(source.utf8)) }
    for folder in ["Examples", "Tests/Fuzz/Finds"] {
      for path in (try? ScriptFiles.find([package + "/" + folder], extensions: [".wat", ".wasm"])) ?? [] {
        guard let bytes = try? ScriptFiles.read(path) else { continue }
        if path.hasSuffix(".wat") { add(text: bytes) } else { add(binary: bytes) }
      }
    }
    for path in (try? ScriptFiles.find([scripts])) ?? [] {
      guard let source = try? ScriptFiles.read(path), let script = try? Script.parse(source) else { continue }
      for module in script.modules { add(module) }
    }
  }

  private mutating func add(_ module: ScriptModule) {
    if let text = module.text {
      // What is a module in a script only, `(module definition …)`, is none in a file.
      add(text: text)
    } else if case .binary(let bytes) = module.form {
      add(binary: bytes)
    }
  }

  private mutating func add(text: [UInt8]) {
    guard let module = try? ModuleParser.parse(text).module else { return }
    if text.count <= Self.largestText, seen.insert(text).inserted { texts.append(text) }
    add(binary: ModuleEncoder.encode(module))
  }

  private mutating func add(binary: [UInt8]) {
    if binary.count <= Self.largestBinary, seen.insert(binary).inserted { binaries.append(binary) }
  }

  /// Enough to go on where the official scripts are not there: several memories of every kind, and what is built on them.
  private static let own = [
    """
    (module
      (memory $a (export "a") 1 4) (memory $b (export "b") i64 1) (memory $c 0)
      (data $hello "hello, memories") (data (memory $b) (i64.const 8) "\\01\\02\\03\\04")
      (func (export "fill") (param $n i32) (result i64)
        (local $i i32)
        (memory.init $a $hello (i32.const 0) (i32.const 0) (i32.const 5))
        (loop $next
          (i32.store8 $a offset=16 (local.get $i) (local.get $i))
          (local.tee $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $next (i32.lt_u (i32.and (local.get $n) (i32.const 63)))))
        (memory.copy $b $a (i64.const 64) (i32.const 0) (i32.const 32))
        (memory.fill $a (i32.const 100) (i32.const 7) (i32.const 50))
        (data.drop $hello)
        (i64.load $b offset=64 (i64.const 3)))
      (func (export "grow") (param i32) (result i32 i64 i32)
        (memory.grow $a (local.get 0)) (memory.grow $b (i64.const 1)) (memory.size $c)))
    """,
    """
    (module
      (type $binary (func (param i32 i32) (result i32)))
      (table $t (export "t") 4 8 funcref)
      (elem (table $t) (i32.const 0) func $add $sub)
      (global $count (mut i32) (i32.const 0))
      (func $add (type $binary) (i32.add (local.get 0) (local.get 1)))
      (func $sub (type $binary) (i32.sub (local.get 0) (local.get 1)))
      (func (export "choose") (param i32 i32 i32) (result i32)
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (call_indirect $t (type $binary) (local.get 1) (local.get 2) (local.get 0)))
      (func (export "tail") (param i32 i32) (result i32)
        (if (result i32) (local.get 0)
          (then (return_call_indirect $t (type $binary) (local.get 0) (local.get 1) (i32.const 1)))
          (else (return_call $add (local.get 1) (global.get $count)))))
      (func (export "switch") (param i32) (result f64)
        (block $two (block $one (block $zero
          (br_table $zero $one $two (local.get 0)))
          (return (f64.const 0.5)))
          (return (f64.sqrt (f64.convert_i32_s (local.get 0)))))
        (f64.const nan:0x4000)))
    """,
    """
    (module
      (tag $number (param i32)) (tag $nothing)
      (import "host" "f" (func $host (param i32) (result i32)))
      (func $raise (param i32) (if (local.get 0) (then (throw $number (local.get 0))) (else (throw $nothing))))
      (func (export "catch") (param i32) (result i32)
        (block $any (result exnref)
          (block $caught (result i32)
            (try_table (catch $number $caught) (catch_all_ref $any)
              (call $raise (call $host (local.get 0))))
            (unreachable))
          (return))
        (throw_ref)))
    """,
    """
    (module
      (memory 1) (memory $v 1)
      (func (export "lanes") (param i32 v128) (result v128)
        (v128.store $v offset=1 (local.get 0) (i8x16.add_sat_u (local.get 1) (v128.load $v (local.get 0))))
        (v128.load32_lane $v 2 (local.get 0)
          (i8x16.shuffle 0 17 2 19 4 21 6 23 8 25 10 27 12 29 14 31 (local.get 1) (v128.const i64x2 1 -1))))
      (func (export "sum") (param f32 f64) (result f64)
        (f64.add (f64.promote_f32 (local.get 0)) (f64.min (local.get 1) (f64.const 0x1p-1022)))))
    """,
    """
    (module
      (type $f (func (param i64) (result i64)))
      (elem declare func $twice)
      (func $twice (type $f) (i64.shl (local.get 0) (i64.const 1)))
      (func (export "reference") (param i64) (result i64)
        (local $g (ref null $f))
        (if (i64.eqz (local.get 0)) (then (local.set $g (ref.func $twice))))
        (block $null
          (return (call_ref $f (local.get 0) (br_on_null $null (local.get $g)))))
        (i64.extend32_s (i64.div_s (i64.const 100) (local.get 0))))
      (func (export "fac") (param i64) (result i64)
        (if (result i64) (i64.le_s (local.get 0) (i64.const 1))
          (then (i64.const 1))
          (else (i64.mul (local.get 0) (call 2 (i64.sub (local.get 0) (i64.const 1))))))))
    """,
  ]
}

extension Script {
  /// The modules that may be valid, whatever else is to happen with them.
  var modules: [ScriptModule] {
    commands.compactMap { command in
      switch command.kind {
      case .module(let module), .definition(let module), .assertModuleTrap(let module, _),
        .assertUnlinkable(let module, _):
        module
      default: nil
      }
    }
  }
}
