/* Several memories for C and C++.
 *
 *   #include "multi_memory.h"
 *   MULTI_MEMORY(heap)                                // heap_load_u32, heap_store_u32, heap_grow …
 *   MULTI_MEMORY_DECLARE("heap=export,min=1,max=100") // what bind-memories is to add
 *
 *   uint32_t first(void) { return heap_load_u32(0); }
 *
 *   clang --target=wasm32 -O2 -nostdlib -Wl,--no-entry -Wl,--export=first -o program.wasm program.c
 *   polymnia bind-memories program.wasm -o bound.wasm
 *
 * Everything here is a declaration: what is not called is not in the module. Addresses in a memory are numbers, never
 * pointers: a pointer is always one into memory 0. Each call becomes one instruction.
 */
#ifndef MULTI_MEMORY_H
#define MULTI_MEMORY_H

#include <stdint.h>

#ifdef __cplusplus
#define MULTI_MEMORY_BEGIN_ extern "C" {
#define MULTI_MEMORY_END_ }
#else
#define MULTI_MEMORY_BEGIN_
#define MULTI_MEMORY_END_
#endif

#define MULTI_MEMORY_IMPORT_(instruction) \
  __attribute__((import_module("multi_memory"), import_name(instruction), nothrow))
/* A load has no effect, so that the compiler may leave out a second one where nothing was stored between. */
#define MULTI_MEMORY_LOAD_(instruction) MULTI_MEMORY_IMPORT_(instruction) __attribute__((pure))

/* clang accepts address_space and compiles such accesses to accesses of memory 0, without a word. Here it is an error;
 * define MULTI_MEMORY_ALLOW_ADDRESS_SPACE where it is wanted. */
#ifndef MULTI_MEMORY_ALLOW_ADDRESS_SPACE
#pragma GCC poison address_space __address_space__
#endif

/* A function that `polymnia specialize` or `polymnia dispatch` makes of another one, for a call from the same program:
 *
 *   MULTI_MEMORY_SPECIALIZED("sort@*") void sort_in(uint32_t memory, uint32_t address, uint32_t count);
 */
#define MULTI_MEMORY_SPECIALIZED(name) __attribute__((import_module("specialized"), import_name(name)))

/* Says what bind-memories is to add, in the words of its option --memory, in the module itself. */
#define MULTI_MEMORY_DECLARE(text) \
  __asm__(".section .custom_section.multi_memory,\"\",@\n.ascii \"" text "\\n\"\n.text\n");

/* MULTI_MEMORY(heap) declares the functions of the memory `heap`, with 32-bit addresses; MULTI_MEMORY_AS(second, 1) those
 * of memory 1, with names that begin with `second`; MULTI_MEMORY64(big) those of a memory with 64-bit addresses.
 *
 *   heap_load_i8 u8 i16 u16 i32 u32 i64 u64 f32 f64 (address)
 *   heap_store_i8 … f64 (address, value)
 *   heap_size(), heap_grow(pages)             in pages; growth returns the size before, or -1
 *   heap_fill(address, byte, count), heap_copy(to, from, count)
 *   heap_read(pointer, address, count)        from `heap` to memory 0
 *   heap_write(address, pointer, count)       from memory 0 to `heap`
 *   heap_index()                              its index, for far pointers
 *   heap_load_v128, heap_store_v128           with -msimd128
 *   heap_atomic_load_u32 u64, store, add, sub, and, or, xor, exchange, compare_exchange, wait, notify   with -matomics
 */
#define MULTI_MEMORY(name) MULTI_MEMORY_AS(name, name)
#define MULTI_MEMORY_AS(prefix, memory) MULTI_MEMORY_ALL_(prefix, #memory, uint32_t, uint32_t)
#define MULTI_MEMORY64(name) MULTI_MEMORY64_AS(name, name)
#define MULTI_MEMORY64_AS(prefix, memory) MULTI_MEMORY_ALL_(prefix, #memory, uint64_t, __SIZE_TYPE__)

/* Declares heap_copy_from_other(to, from, count) for MULTI_MEMORY_BETWEEN(heap, other), both with 32-bit addresses. */
#define MULTI_MEMORY_BETWEEN(to, from) \
  MULTI_MEMORY_BETWEEN_AS(to##_copy_from_##from, #to, #from, uint32_t, uint32_t, uint32_t)
/* The same with everything given: the count has the smaller of the two address types. */
#define MULTI_MEMORY_BETWEEN_AS(function, to, from, to_address, from_address, count)     \
  MULTI_MEMORY_BEGIN_ MULTI_MEMORY_IMPORT_("memory.copy@" to "," from) void function(    \
      to_address destination, from_address source, count byte_count);                    \
  MULTI_MEMORY_END_

/* Declares one load or store with a constant offset, which no addition has to add: for example
 * MULTI_MEMORY_LOAD_AT(uint32_t, heap_next, "i32.load", "heap", "8") declares uint32_t heap_next(uint32_t address). */
#define MULTI_MEMORY_LOAD_AT(type, function, instruction, memory, offset)                                          \
  MULTI_MEMORY_BEGIN_ MULTI_MEMORY_LOAD_(instruction "@" memory " offset=" offset) type function(uint32_t address); \
  MULTI_MEMORY_END_
#define MULTI_MEMORY_STORE_AT(type, function, instruction, memory, offset)                           \
  MULTI_MEMORY_BEGIN_ MULTI_MEMORY_IMPORT_(instruction "@" memory " offset=" offset) void function(  \
      uint32_t address, type value);                                                                 \
  MULTI_MEMORY_END_

#define MULTI_MEMORY_ACCESS_(prefix, memory, address, suffix, type, load, store)                                \
  MULTI_MEMORY_LOAD_(load "@" memory) type prefix##_load_##suffix(address from);                                 \
  MULTI_MEMORY_IMPORT_(store "@" memory) void prefix##_store_##suffix(address to, type value);

#define MULTI_MEMORY_ALL_(prefix, memory, address, near_count)                                                   \
  MULTI_MEMORY_BEGIN_                                                                                            \
  MULTI_MEMORY_ACCESS_(prefix, memory, address, i8, int8_t, "i32.load8_s", "i32.store8")                         \
  MULTI_MEMORY_ACCESS_(prefix, memory, address, u8, uint8_t, "i32.load8_u", "i32.store8")                        \
  MULTI_MEMORY_ACCESS_(prefix, memory, address, i16, int16_t, "i32.load16_s", "i32.store16")                     \
  MULTI_MEMORY_ACCESS_(prefix, memory, address, u16, uint16_t, "i32.load16_u", "i32.store16")                    \
  MULTI_MEMORY_ACCESS_(prefix, memory, address, i32, int32_t, "i32.load", "i32.store")                           \
  MULTI_MEMORY_ACCESS_(prefix, memory, address, u32, uint32_t, "i32.load", "i32.store")                          \
  MULTI_MEMORY_ACCESS_(prefix, memory, address, i64, int64_t, "i64.load", "i64.store")                           \
  MULTI_MEMORY_ACCESS_(prefix, memory, address, u64, uint64_t, "i64.load", "i64.store")                          \
  MULTI_MEMORY_ACCESS_(prefix, memory, address, f32, float, "f32.load", "f32.store")                             \
  MULTI_MEMORY_ACCESS_(prefix, memory, address, f64, double, "f64.load", "f64.store")                            \
  MULTI_MEMORY_IMPORT_("memory.size@" memory) address prefix##_size(void);                                       \
  MULTI_MEMORY_IMPORT_("memory.grow@" memory) address prefix##_grow(address pages);                              \
  MULTI_MEMORY_IMPORT_("memory.fill@" memory) void prefix##_fill(address to, uint8_t byte, address count);       \
  MULTI_MEMORY_IMPORT_("memory.copy@" memory "," memory)                                                         \
  void prefix##_copy(address to, address from, address count);                                                   \
  MULTI_MEMORY_IMPORT_("memory.copy@0," memory) void prefix##_read(void *to, address from, near_count count);    \
  MULTI_MEMORY_IMPORT_("memory.copy@" memory ",0")                                                               \
  void prefix##_write(address to, const void *from, near_count count);                                           \
  MULTI_MEMORY_IMPORT_("memory.index@" memory) __attribute__((const)) uint32_t prefix##_index(void);             \
  MULTI_MEMORY_VECTORS_(prefix, memory, address)                                                                 \
  MULTI_MEMORY_ATOMICS_(prefix, memory, address)                                                                 \
  MULTI_MEMORY_END_                                                                                              \
  MULTI_MEMORY_CLASS_(prefix, address)

#ifdef __wasm_simd128__
/* The type v128_t of wasm_simd128.h. */
typedef int32_t multi_memory_v128 __attribute__((__vector_size__(16), __aligned__(16)));
#define MULTI_MEMORY_VECTORS_(prefix, memory, address) \
  MULTI_MEMORY_ACCESS_(prefix, memory, address, v128, multi_memory_v128, "v128.load", "v128.store")
#else
#define MULTI_MEMORY_VECTORS_(prefix, memory, address)
#endif

#ifdef __wasm_atomics__
#define MULTI_MEMORY_UPDATE_(prefix, memory, address, suffix, type, wasm, what, operation) \
  MULTI_MEMORY_IMPORT_(wasm ".atomic.rmw." operation "@" memory)                            \
  type prefix##_atomic_##what##_##suffix(address at, type value);
#define MULTI_MEMORY_ATOMIC_(prefix, memory, address, suffix, type, wasm, wait)                                 \
  MULTI_MEMORY_IMPORT_(wasm ".atomic.load@" memory) type prefix##_atomic_load_##suffix(address from);            \
  MULTI_MEMORY_IMPORT_(wasm ".atomic.store@" memory) void prefix##_atomic_store_##suffix(address to, type value); \
  MULTI_MEMORY_UPDATE_(prefix, memory, address, suffix, type, wasm, add, "add")                                  \
  MULTI_MEMORY_UPDATE_(prefix, memory, address, suffix, type, wasm, sub, "sub")                                  \
  MULTI_MEMORY_UPDATE_(prefix, memory, address, suffix, type, wasm, and, "and")                                  \
  MULTI_MEMORY_UPDATE_(prefix, memory, address, suffix, type, wasm, or, "or")                                    \
  MULTI_MEMORY_UPDATE_(prefix, memory, address, suffix, type, wasm, xor, "xor")                                  \
  MULTI_MEMORY_UPDATE_(prefix, memory, address, suffix, type, wasm, exchange, "xchg")                            \
  MULTI_MEMORY_IMPORT_(wasm ".atomic.rmw.cmpxchg@" memory)                                                       \
  type prefix##_atomic_compare_exchange_##suffix(address at, type expected, type value);                         \
  MULTI_MEMORY_IMPORT_(wait "@" memory) int32_t prefix##_atomic_wait_##suffix(                                   \
      address at, type expected, int64_t nanoseconds);
#define MULTI_MEMORY_ATOMICS_(prefix, memory, address)                                                   \
  MULTI_MEMORY_ATOMIC_(prefix, memory, address, u32, uint32_t, "i32", "memory.atomic.wait32")            \
  MULTI_MEMORY_ATOMIC_(prefix, memory, address, u64, uint64_t, "i64", "memory.atomic.wait64")            \
  MULTI_MEMORY_IMPORT_("memory.atomic.notify@" memory) uint32_t prefix##_atomic_notify(address at, uint32_t count);
#else
#define MULTI_MEMORY_ATOMICS_(prefix, memory, address)
#endif

/* Far pointers: an address with the index of its memory. They reach every memory with 32-bit addresses, memory 0 among
 * them; an index that no such memory has traps. An access takes a branch on the index, and a call.
 *
 *   far_pointer p = far_to(heap_index(), 16);
 *   far_store_u32(p, far_load_u32(far_to(0, (uint32_t)&variable)));
 *   far_copy(p, far_add(p, 4), 100);
 */
typedef struct {
  uint32_t memory;
  uint32_t address;
} far_pointer;

static inline far_pointer far_to(uint32_t memory, uint32_t address) {
  far_pointer pointer;
  pointer.memory = memory;
  pointer.address = address;
  return pointer;
}

static inline far_pointer far_add(far_pointer pointer, int32_t bytes) {
  return far_to(pointer.memory, pointer.address + (uint32_t)bytes);
}

#define MULTI_MEMORY_FAR_(suffix, type, load, store)                                                              \
  MULTI_MEMORY_BEGIN_                                                                                             \
  MULTI_MEMORY_LOAD_(load "@*") type multi_memory_far_load_##suffix(uint32_t memory, uint32_t address);           \
  MULTI_MEMORY_IMPORT_(store "@*") void multi_memory_far_store_##suffix(                                          \
      uint32_t memory, uint32_t address, type value);                                                             \
  MULTI_MEMORY_END_                                                                                               \
  static inline type far_load_##suffix(far_pointer from) {                                                        \
    return multi_memory_far_load_##suffix(from.memory, from.address);                                             \
  }                                                                                                               \
  static inline void far_store_##suffix(far_pointer to, type value) {                                             \
    multi_memory_far_store_##suffix(to.memory, to.address, value);                                                \
  }

MULTI_MEMORY_FAR_(i8, int8_t, "i32.load8_s", "i32.store8")
MULTI_MEMORY_FAR_(u8, uint8_t, "i32.load8_u", "i32.store8")
MULTI_MEMORY_FAR_(i16, int16_t, "i32.load16_s", "i32.store16")
MULTI_MEMORY_FAR_(u16, uint16_t, "i32.load16_u", "i32.store16")
MULTI_MEMORY_FAR_(i32, int32_t, "i32.load", "i32.store")
MULTI_MEMORY_FAR_(u32, uint32_t, "i32.load", "i32.store")
MULTI_MEMORY_FAR_(i64, int64_t, "i64.load", "i64.store")
MULTI_MEMORY_FAR_(u64, uint64_t, "i64.load", "i64.store")
MULTI_MEMORY_FAR_(f32, float, "f32.load", "f32.store")
MULTI_MEMORY_FAR_(f64, double, "f64.load", "f64.store")

MULTI_MEMORY_BEGIN_
MULTI_MEMORY_IMPORT_("memory.copy@*,*")
void multi_memory_far_copy(
    uint32_t to_memory, uint32_t to, uint32_t from_memory, uint32_t from, uint32_t byte_count);
MULTI_MEMORY_IMPORT_("memory.fill@*")
void multi_memory_far_fill(uint32_t memory, uint32_t to, uint8_t byte, uint32_t byte_count);
/* In pages. */
MULTI_MEMORY_IMPORT_("memory.size@*") uint32_t far_size(uint32_t memory);
MULTI_MEMORY_IMPORT_("memory.grow@*") uint32_t far_grow(uint32_t memory, uint32_t pages);
MULTI_MEMORY_END_

static inline void far_copy(far_pointer to, far_pointer from, uint32_t byte_count) {
  multi_memory_far_copy(to.memory, to.address, from.memory, from.address, byte_count);
}
static inline void far_fill(far_pointer to, uint8_t byte, uint32_t byte_count) {
  multi_memory_far_fill(to.memory, to.address, byte, byte_count);
}

/* C++: MULTI_MEMORY(heap) also makes heap_memory, with which there are typed pointers:
 *
 *   multi_memory::pointer<heap_memory, uint32_t> p{16};
 *   p[1] = *p + 1;
 */
#ifdef __cplusplus
#define MULTI_MEMORY_OVERLOAD_(prefix, suffix, type)                                      \
  static void load(address from, type &value) { value = prefix##_load_##suffix(from); }   \
  static void store(address to, type value) { prefix##_store_##suffix(to, value); }
#define MULTI_MEMORY_CLASS_(prefix, address_type)       \
  struct prefix##_memory {                              \
    using address = address_type;                       \
    MULTI_MEMORY_OVERLOAD_(prefix, i8, int8_t)          \
    MULTI_MEMORY_OVERLOAD_(prefix, u8, uint8_t)         \
    MULTI_MEMORY_OVERLOAD_(prefix, i16, int16_t)        \
    MULTI_MEMORY_OVERLOAD_(prefix, u16, uint16_t)       \
    MULTI_MEMORY_OVERLOAD_(prefix, i32, int32_t)        \
    MULTI_MEMORY_OVERLOAD_(prefix, u32, uint32_t)       \
    MULTI_MEMORY_OVERLOAD_(prefix, i64, int64_t)        \
    MULTI_MEMORY_OVERLOAD_(prefix, u64, uint64_t)       \
    MULTI_MEMORY_OVERLOAD_(prefix, f32, float)          \
    MULTI_MEMORY_OVERLOAD_(prefix, f64, double)         \
  };

namespace multi_memory {
/* A value in a memory. */
template <class Memory, class T> class reference {
  typename Memory::address at;

public:
  explicit reference(typename Memory::address at) : at(at) {}
  reference(const reference &) = default;
  operator T() const {
    T value;
    Memory::load(at, value);
    return value;
  }
  reference &operator=(T value) {
    Memory::store(at, value);
    return *this;
  }
  reference &operator=(const reference &other) { return *this = T(other); }
  reference &operator+=(T value) { return *this = T(T(*this) + value); }
  reference &operator-=(T value) { return *this = T(T(*this) - value); }
};

/* The address of a value in a memory. */
template <class Memory, class T> struct pointer {
  typename Memory::address at;

  reference<Memory, T> operator*() const { return reference<Memory, T>(at); }
  reference<Memory, T> operator[](typename Memory::address index) const { return *(*this + index); }
  pointer operator+(typename Memory::address count) const { return {at + count * sizeof(T)}; }
  pointer operator-(typename Memory::address count) const { return {at - count * sizeof(T)}; }
  pointer &operator++() {
    at += sizeof(T);
    return *this;
  }
  pointer &operator--() {
    at -= sizeof(T);
    return *this;
  }
  bool operator==(pointer other) const { return at == other.at; }
  bool operator!=(pointer other) const { return at != other.at; }
  bool operator<(pointer other) const { return at < other.at; }
};
} // namespace multi_memory
#else
#define MULTI_MEMORY_CLASS_(prefix, address)
#endif

#endif
