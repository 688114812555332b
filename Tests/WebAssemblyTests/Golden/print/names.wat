;; Names that identifiers cannot say, so that the section is printed too; and a hint.
(module
  (func $"a function" (param $x i32)
    (block $out
      (block $out
        (br $out)
        (br 1))
      (@metadata.code.branch_hint "\01")
      (br_if $out (local.get $x))))
  (func $f (@name "g"))
  (func $g (@name "g"))
  (func $"tab\09 \u{202e}é"))
