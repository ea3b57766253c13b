//! The part of sodns's C interface that the example uses, as <sodns/plugin.h> and the headers beside it declare it.
//! Nothing here is Rust's own: opaque pointers, one registration, functions of libsodns.

use std::ffi::{c_char, c_int, c_void};

macro_rules! opaque {
    ($($name:ident),*) => { $(#[repr(C)] pub struct $name { _private: [u8; 0] })* };
}
opaque!(Setup, Query, Reply, Prepare);

#[repr(C)]
pub struct Handler {
    pub this: *mut c_void,
    pub name: *const c_char,
}

/// sodns_plugin_t.
#[repr(C)]
pub struct Plugin {
    pub magic: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub size: u32,
    pub sdk_version: *const c_char,
    pub name: *const c_char,
    pub version: *const c_char,
    pub setup: Option<unsafe extern "C" fn(*mut Setup) -> c_int>,
    pub serve_dns: Option<unsafe extern "C" fn(*const Handler, *mut Query) -> *mut Reply>,
    pub prepare: Option<unsafe extern "C" fn(*mut c_void, *mut Prepare) -> c_int>,
    pub start: Option<unsafe extern "C" fn(*mut c_void)>,
    pub teardown: Option<unsafe extern "C" fn(*mut c_void)>,
    pub ability: Option<unsafe extern "C" fn(*mut c_void, *const c_char) -> *const c_void>,
    pub stop: Option<unsafe extern "C" fn(*mut c_void)>,
}
// Constant data, which the host only reads.
unsafe impl Sync for Plugin {}

pub const MAGIC: u32 = 0x5053_4e44;
pub const ABI_MAJOR: u16 = 1;
pub const ABI_MINOR: u16 = 0;
pub const ANSWER: c_int = 0;
pub const TYPE_TXT: u16 = 16;
pub const AA: u16 = 0x0400;

extern "C" {
    pub fn sodns_setup_next(s: *mut Setup) -> bool;
    pub fn sodns_setup_arg(s: *mut Setup) -> *const c_char;
    pub fn sodns_error_args(s: *mut Setup) -> c_int;
    pub fn sodns_add_handler(s: *mut Setup, this: *mut c_void) -> c_int;
    pub fn sodns_query_name(q: *const Query) -> *const u8;
    pub fn sodns_query_type(q: *const Query) -> u16;
    pub fn sodns_next(h: *const Handler, q: *mut Query) -> *mut Reply;
    pub fn sodns_reply(q: *mut Query) -> *mut Reply;
    pub fn sodns_reply_set_flags(r: *mut Reply, set: u16, clear: u16);
    pub fn sodns_reply_add_record(
        r: *mut Reply, section: c_int, owner: *const u8, rtype: u16, ttl: u32, rdata: *const c_void, len: u16,
    );
}
