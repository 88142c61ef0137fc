//! Stands in for the functions in C of tch and of the bridge, so that the program can be linked without libtorch. Each is a jump
//! through a slot; at first the slot leads to `lockstep_resolve`, which loads libtorch and fills the slot in. So a call costs one
//! jump, as it does in a program that is linked to a shared library.

use libloading::os::unix::Library;
use std::arch::global_asm;
use std::ffi::{CStr, CString, c_char, c_void};

/// The names of the functions, one in a line, in the order of their slots (build.rs).
static NAMES: &str = include_str!(concat!(env!("OUT_DIR"), "/calls.txt"));

// A function `name:` that jumps through `lockstep_slots[index]`, and what the slot holds before the first call.
// At a first call the registers hold the arguments (System V ABI, x86-64), so all of them are kept.
global_asm!(
    r#"
    .macro lockstep_call index, name
    .pushsection .text.lockstep_calls, "ax", @progbits
    .globl \name
    .hidden \name
    .type \name, @function
    \name:
        jmp qword ptr [rip + lockstep_slots + 8 * \index]
    .Llockstep_first_\index:
        push \index
        jmp lockstep_first_call
    .popsection
    .pushsection .data.rel.local.lockstep_slots, "aw", @progbits
        .quad .Llockstep_first_\index
    .popsection
    .endm

    .pushsection .data.rel.local.lockstep_slots, "aw", @progbits
    .balign 8
    lockstep_slots:
    .popsection

    .pushsection .text.lockstep_calls, "ax", @progbits
    lockstep_first_call:
        push rdi
        push rsi
        push rdx
        push rcx
        push r8
        push r9
        push rax
        sub rsp, 136
        movups [rsp], xmm0
        movups [rsp + 16], xmm1
        movups [rsp + 32], xmm2
        movups [rsp + 48], xmm3
        movups [rsp + 64], xmm4
        movups [rsp + 80], xmm5
        movups [rsp + 96], xmm6
        movups [rsp + 112], xmm7
        mov rdi, [rsp + 192]
        lea rsi, [rip + lockstep_slots]
        lea rsi, [rsi + 8 * rdi]
        call {resolve}
        mov r11, rax
        movups xmm0, [rsp]
        movups xmm1, [rsp + 16]
        movups xmm2, [rsp + 32]
        movups xmm3, [rsp + 48]
        movups xmm4, [rsp + 64]
        movups xmm5, [rsp + 80]
        movups xmm6, [rsp + 96]
        movups xmm7, [rsp + 112]
        add rsp, 136
        pop rax
        pop r9
        pop r8
        pop rcx
        pop rdx
        pop rsi
        pop rdi
        add rsp, 8
        jmp r11
    .popsection
    "#,
    include_str!(concat!(env!("OUT_DIR"), "/calls.s")),
    resolve = sym resolve,
);

/// The address of the function number `index`, which `slot` holds from now on. Whoever gets here without having called
/// [`super::load`] has nobody to hand an error to: it is printed, and the process ends as a command with bad input does.
extern "C" fn resolve(index: usize, slot: *mut *const c_void) -> *const c_void {
    let address = super::load().map_err(|error| format!("{error:#}")).and_then(|loaded| {
        let name = NAMES.lines().nth(index).unwrap_or_default();
        address_of(&loaded.bridge, name)
    });
    match address {
        Ok(address) => {
            // SAFETY: the slot is one of `lockstep_slots`, aligned; whoever else writes it writes the same.
            unsafe { std::sync::atomic::AtomicPtr::from_ptr(slot.cast()) }
                .store(address.cast_mut(), std::sync::atomic::Ordering::Release);
            address
        }
        Err(why) => {
            eprintln!("error: {why}");
            std::process::exit(2)
        }
    }
}

fn address_of(bridge: &Library, name: &str) -> Result<*const c_void, String> {
    let name = CString::new(name).map_err(|error| error.to_string())?;
    // SAFETY: only the address is taken.
    let symbol =
        unsafe { bridge.get::<*const c_void>(name.as_bytes_with_nul()) }.map_err(|error| super::cause(&error))?;
    Ok(symbol.into_raw().cast_const())
}

/// What the loaded libtorch says of itself, as `2.13.0`.
pub fn version(bridge: &Library) -> Result<String, String> {
    type Version = unsafe extern "C" fn(*mut c_char, usize);
    let mut text = [0; 64];
    // SAFETY: the signature is that of bridge.h; the function writes at most so many bytes, the last of them 0.
    unsafe {
        let version = bridge.get::<Version>(b"lockstep_torch_version\0").map_err(|error| super::cause(&error))?;
        version(text.as_mut_ptr(), text.len());
        Ok(CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned())
    }
}

/// torch-sys' C++ calls back into Rust where it reads or writes a stream; the bridge is told where those functions are.
pub fn hand_over_streams(bridge: &Library) -> Result<(), String> {
    unsafe extern "C" {
        fn tch_write_stream_destructor();
        fn tch_write_stream_write();
        fn tch_read_stream_destructor();
        fn tch_read_stream_stream_position();
        fn tch_read_stream_seek_start();
        fn tch_read_stream_seek_end();
        fn tch_read_stream_read();
    }
    let functions: [unsafe extern "C" fn(); 7] = [
        tch_write_stream_destructor,
        tch_write_stream_write,
        tch_read_stream_destructor,
        tch_read_stream_stream_position,
        tch_read_stream_seek_start,
        tch_read_stream_seek_end,
        tch_read_stream_read,
    ];
    type SetStreams = unsafe extern "C" fn(*const [unsafe extern "C" fn(); 7]);
    // SAFETY: the signature is that of bridge.h; the order is that of `Streams` in streams.cc, which copies the addresses.
    unsafe {
        let set = bridge.get::<SetStreams>(b"lockstep_set_streams\0").map_err(|error| super::cause(&error))?;
        set(&raw const functions);
    }
    Ok(())
}
