(module (memory (i64)))
