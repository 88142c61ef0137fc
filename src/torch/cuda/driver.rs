//! The NVIDIA driver: compiled code onto a card, and its kernels started there. libtorch works in the card's primary context
//! and on its default stream; so do we, and what is started here waits for what libtorch has started before.
#![allow(unsafe_code, reason = "C's functions, each with the signature of cuda.h")]

use super::{Launch, library};
use anyhow::{Context, Result, anyhow, ensure};
use libloading::os::unix::{Library, Symbol};
use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::ptr::null_mut;
use std::sync::OnceLock;

type Raw = *mut c_void;

const MAJOR: c_int = 75;
const MINOR: c_int = 76;
const SHARED_BY_CHOICE: c_int = 97;
const FUNCTION_SHARED: c_int = 8;
/// What a block has of shared memory without being asked.
const SHARED: usize = 48 << 10;

/// The functions that are called.
struct Driver {
    init: Symbol<unsafe extern "C" fn(c_uint) -> c_int>,
    device: Symbol<unsafe extern "C" fn(*mut c_int, c_int) -> c_int>,
    attribute: Symbol<unsafe extern "C" fn(*mut c_int, c_int, c_int) -> c_int>,
    retain: Symbol<unsafe extern "C" fn(*mut Raw, c_int) -> c_int>,
    push: Symbol<unsafe extern "C" fn(Raw) -> c_int>,
    pop: Symbol<unsafe extern "C" fn(*mut Raw) -> c_int>,
    load: Symbol<unsafe extern "C" fn(*mut Raw, *const c_void) -> c_int>,
    unload: Symbol<unsafe extern "C" fn(Raw) -> c_int>,
    function: Symbol<unsafe extern "C" fn(*mut Raw, Raw, *const c_char) -> c_int>,
    set: Symbol<unsafe extern "C" fn(Raw, c_int, c_int) -> c_int>,
    #[allow(clippy::type_complexity, reason = "cuda.h's")]
    launch: Symbol<
        unsafe extern "C" fn(
            Raw,
            c_uint,
            c_uint,
            c_uint,
            c_uint,
            c_uint,
            c_uint,
            c_uint,
            Raw,
            *mut *mut c_void,
            *mut *mut c_void,
        ) -> c_int,
    >,
    name: Symbol<unsafe extern "C" fn(c_int, *mut *const c_char) -> c_int>,
    /// Where the symbols are.
    _library: Library,
}

fn loaded() -> Result<&'static Driver> {
    static LOADED: OnceLock<Result<Driver, String>> = OnceLock::new();
    library::once(&LOADED, || Driver::of(library::driver()?).context("the NVIDIA driver"))
}

impl Driver {
    fn of(library: Library) -> Result<Self, libloading::Error> {
        // SAFETY: the types are those of cuda.h; the library stays with the functions.
        unsafe {
            Ok(Self {
                init: library.get(b"cuInit\0")?,
                device: library.get(b"cuDeviceGet\0")?,
                attribute: library.get(b"cuDeviceGetAttribute\0")?,
                retain: library.get(b"cuDevicePrimaryCtxRetain\0")?,
                push: library.get(b"cuCtxPushCurrent_v2\0")?,
                pop: library.get(b"cuCtxPopCurrent_v2\0")?,
                load: library.get(b"cuModuleLoadData\0")?,
                unload: library.get(b"cuModuleUnload\0")?,
                function: library.get(b"cuModuleGetFunction\0")?,
                set: library.get(b"cuFuncSetAttribute\0")?,
                launch: library.get(b"cuLaunchKernel\0")?,
                name: library.get(b"cuGetErrorName\0")?,
                _library: library,
            })
        }
    }

    fn check(&self, what: &str, result: c_int) -> Result<()> {
        if result == 0 {
            return Ok(());
        }
        let mut name = std::ptr::null();
        // SAFETY: it writes the place of a constant text, or nothing.
        unsafe { (self.name)(result, &raw mut name) };
        let known = !name.is_null();
        // SAFETY: a constant text.
        let name = if known { unsafe { CStr::from_ptr(name) }.to_string_lossy() } else { "".into() };
        Err(anyhow!("{what}: CUDA error {result} {name}"))
    }
}

/// A card with its primary context, which libtorch works in.
#[derive(Clone, Copy)]
pub struct Card {
    driver: &'static Driver,
    context: Raw,
    /// 90 for compute capability 9.0.
    pub capability: i32,
    /// Bytes of shared memory that a block can be given.
    pub shared: usize,
}

impl Card {
    pub fn new(index: usize) -> Result<Self> {
        let driver = loaded()?;
        let (mut device, mut context) = (0, null_mut());
        // SAFETY: each call writes one number or pointer. The context is kept as long as the process, as libtorch keeps it.
        unsafe {
            driver.check("cuInit", (driver.init)(0))?;
            driver.check("cuDeviceGet", (driver.device)(&raw mut device, c_int::try_from(index)?))?;
            driver.check("cuDevicePrimaryCtxRetain", (driver.retain)(&raw mut context, device))?;
        }
        let attribute = |which| -> Result<i32> {
            let mut value = 0;
            // SAFETY: it writes one number.
            let result = unsafe { (driver.attribute)(&raw mut value, which, device) };
            driver.check("cuDeviceGetAttribute", result).map(|()| value)
        };
        let capability = 10 * attribute(MAJOR)? + attribute(MINOR)?;
        Ok(Self { driver, context, capability, shared: usize::try_from(attribute(SHARED_BY_CHOICE)?)? })
    }

    /// Puts compiled code onto the card.
    pub fn load(self, code: &[u8]) -> Result<Module> {
        self.within(|driver| {
            let mut raw = null_mut();
            // SAFETY: NVRTC's code, which says itself how long it is.
            driver.check("cuModuleLoadData", unsafe { (driver.load)(&raw mut raw, code.as_ptr().cast()) })?;
            Ok(Module { card: self, raw })
        })
    }

    /// Does something while the card's context is the thread's, then gives the thread back the one that it had.
    fn within<R>(&self, work: impl FnOnce(&Driver) -> Result<R>) -> Result<R> {
        let (driver, mut own) = (self.driver, null_mut());
        // SAFETY: the context is kept; what is pushed is popped.
        driver.check("cuCtxPushCurrent", unsafe { (driver.push)(self.context) })?;
        let done = work(driver);
        // SAFETY: as above.
        driver.check("cuCtxPopCurrent", unsafe { (driver.pop)(&raw mut own) })?;
        done
    }
}

/// Code on a card, which leaves it with this.
pub struct Module {
    card: Card,
    raw: Raw,
}

impl Module {
    /// Starts a kernel with these parameters; it is not waited for.
    pub fn launch(&self, launch: &Launch<'_>, values: &[u64]) -> Result<()> {
        let (shared, most) = (launch.shared, self.card.shared);
        ensure!(shared <= most, "{}: {shared} bytes of shared memory, a block has {most}", launch.kernel);
        self.card.within(|driver| {
            let function = self.function(driver, launch)?;
            let mut pointers: Vec<*mut c_void> =
                values.iter().map(|value| std::ptr::from_ref(value).cast_mut().cast()).collect();
            // SAFETY: the kernel is ours. A parameter for each that it has, which the driver copies; they point at tensors on
            // this card, and the kernel stays within them. libtorch frees none of them before what was started on the stream is
            // done.
            let result = unsafe {
                (driver.launch)(
                    function,
                    launch.blocks,
                    1,
                    1,
                    launch.threads,
                    1,
                    1,
                    shared as c_uint,
                    null_mut(),
                    pointers.as_mut_ptr(),
                    null_mut(),
                )
            };
            driver.check("cuLaunchKernel", result).with_context(|| format!("kernel {}", launch.kernel))
        })
    }

    fn function(&self, driver: &Driver, launch: &Launch<'_>) -> Result<Raw> {
        let (name, mut function) = (CString::new(launch.kernel)?, null_mut());
        // SAFETY: the module is on the card; the name is a text of C.
        unsafe {
            driver.check(launch.kernel, (driver.function)(&raw mut function, self.raw, name.as_ptr()))?;
            if launch.shared > SHARED {
                driver.check(launch.kernel, (driver.set)(function, FUNCTION_SHARED, launch.shared as c_int))?;
            }
        }
        Ok(function)
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // SAFETY: it was loaded once; the driver waits for kernels that run. After an error nothing is left to be done.
        let _ = self.card.within(|driver| driver.check("cuModuleUnload", unsafe { (driver.unload)(self.raw) }));
    }
}
