// An embedder needs the types of the language (values, limits, features, modules) along with the engine. Re-exported, the
// engine's `Table` and `Global` shadow the syntax's of the same names, which are `WebAssembly.Table` and
// `WebAssembly.Global` then.
@_exported import WebAssembly
