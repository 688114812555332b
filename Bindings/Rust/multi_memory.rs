//! Several memories for Rust.
//!
//! ```ignore
//! mod multi_memory;
//! multi_memory!(heap, "heap");
//!
//! #[no_mangle]
//! pub extern "C" fn first() -> u32 { unsafe { heap::load_u32(0) } }
//! ```
//!
//! ```sh
//! cargo build --release --target wasm32-unknown-unknown
//! polymnia bind-memories program.wasm -o bound.wasm --memory heap=export,min=1,max=100
//! ```
//!
//! What is not called is not in the module. Each call becomes one instruction. An address is a number, never a pointer:
//! pointers are into memory 0. The functions are unsafe because the memory's contents are nobody's: two parts of a program
//! that use the same addresses overwrite each other; an address out of bounds traps.

/// Declares the functions of a memory, given by its name or number in a string, in a module.
///
/// `multi_memory_declare!("heap=export,min=1")` says in the program what `--memory` would say.
#[macro_export]
macro_rules! multi_memory {
    ($module:ident, $memory:literal) => {
        #[allow(dead_code)]
        pub mod $module {
            #[link(wasm_import_module = "multi_memory")]
            unsafe extern "C" {
                #[link_name = concat!("i32.load8_s@", $memory)]
                pub fn load_i8(address: u32) -> i8;
                #[link_name = concat!("i32.load8_u@", $memory)]
                pub fn load_u8(address: u32) -> u8;
                #[link_name = concat!("i32.load16_s@", $memory)]
                pub fn load_i16(address: u32) -> i16;
                #[link_name = concat!("i32.load16_u@", $memory)]
                pub fn load_u16(address: u32) -> u16;
                #[link_name = concat!("i32.load@", $memory)]
                pub fn load_u32(address: u32) -> u32;
                #[link_name = concat!("i64.load@", $memory)]
                pub fn load_u64(address: u32) -> u64;
                #[link_name = concat!("f32.load@", $memory)]
                pub fn load_f32(address: u32) -> f32;
                #[link_name = concat!("f64.load@", $memory)]
                pub fn load_f64(address: u32) -> f64;

                #[link_name = concat!("i32.store8@", $memory)]
                pub fn store_u8(address: u32, value: u8);
                #[link_name = concat!("i32.store16@", $memory)]
                pub fn store_u16(address: u32, value: u16);
                #[link_name = concat!("i32.store@", $memory)]
                pub fn store_u32(address: u32, value: u32);
                #[link_name = concat!("i64.store@", $memory)]
                pub fn store_u64(address: u32, value: u64);
                #[link_name = concat!("f32.store@", $memory)]
                pub fn store_f32(address: u32, value: f32);
                #[link_name = concat!("f64.store@", $memory)]
                pub fn store_f64(address: u32, value: f64);

                #[link_name = concat!("memory.size@", $memory)]
                pub fn size() -> u32;
                /// The number of pages before, or `u32::MAX` where it cannot grow.
                #[link_name = concat!("memory.grow@", $memory)]
                pub fn grow(pages: u32) -> u32;
                #[link_name = concat!("memory.fill@", $memory)]
                pub fn fill(address: u32, byte: u8, count: u32);
                #[link_name = concat!("memory.copy@", $memory, ",", $memory)]
                pub fn copy(to: u32, from: u32, count: u32);
                /// From this memory to memory 0.
                #[link_name = concat!("memory.copy@0,", $memory)]
                pub fn read(to: *mut u8, from: u32, count: u32);
                /// From memory 0 to this memory.
                #[link_name = concat!("memory.copy@", $memory, ",0")]
                pub fn write(to: u32, from: *const u8, count: u32);
                /// The index of the memory, for far pointers.
                #[link_name = concat!("memory.index@", $memory)]
                pub fn index() -> u32;
            }
        }
    };
}

/// Says in the program what `bind-memories` is to add: `multi_memory_declare!("heap=export,min=1")`. Once a crate.
#[macro_export]
macro_rules! multi_memory_declare {
    ($text:literal) => {
        #[used]
        #[unsafe(link_section = "multi_memory")]
        static MULTI_MEMORY: [u8; concat!($text, "\n").len()] = {
            let bytes = concat!($text, "\n").as_bytes();
            let mut array = [0; concat!($text, "\n").len()];
            let mut index = 0;
            while index < bytes.len() {
                array[index] = bytes[index];
                index += 1;
            }
            array
        };
    };
}

/// Accesses to the memory whose index is the first operand: far pointers. An index that no memory with 32-bit addresses
/// has traps.
#[allow(dead_code)]
pub mod far {
    #[link(wasm_import_module = "multi_memory")]
    unsafe extern "C" {
        #[link_name = "i32.load8_u@*"]
        pub fn load_u8(memory: u32, address: u32) -> u8;
        #[link_name = "i32.load@*"]
        pub fn load_u32(memory: u32, address: u32) -> u32;
        #[link_name = "i64.load@*"]
        pub fn load_u64(memory: u32, address: u32) -> u64;
        #[link_name = "i32.store8@*"]
        pub fn store_u8(memory: u32, address: u32, value: u8);
        #[link_name = "i32.store@*"]
        pub fn store_u32(memory: u32, address: u32, value: u32);
        #[link_name = "i64.store@*"]
        pub fn store_u64(memory: u32, address: u32, value: u64);
        #[link_name = "memory.copy@*,*"]
        pub fn copy(to_memory: u32, to: u32, from_memory: u32, from: u32, count: u32);
    }
}
