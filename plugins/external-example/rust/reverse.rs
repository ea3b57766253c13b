//! reverse: answers TXT queries with the first label of the name asked, backwards. A plugin in Rust by the same C
//! interface as all others; the daemon can't tell.

mod sodns;
use sodns::*;
use std::{ptr, slice};

unsafe extern "C" fn serve(h: *const Handler, q: *mut Query) -> *mut Reply {
    let name = sodns_query_name(q);
    // Names are in wire form: the first label lies behind its length, which is 0 for the root.
    let label = slice::from_raw_parts(name.add(1), usize::from(*name));
    if sodns_query_type(q) != TYPE_TXT || label.is_empty() {
        return sodns_next(h, q);
    }
    let mut rdata = [0u8; 64];
    rdata[0] = *name;
    for (to, from) in rdata[1..].iter_mut().zip(label.iter().rev()) {
        *to = *from;
    }
    let r = sodns_reply(q);
    sodns_reply_set_flags(r, AA, 0);
    let len = u16::from(*name) + 1;
    sodns_reply_add_record(r, ANSWER, name, TYPE_TXT, 60, rdata.as_ptr().cast(), len);
    r
}

unsafe extern "C" fn setup(s: *mut Setup) -> i32 {
    while sodns_setup_next(s) {
        if !sodns_setup_arg(s).is_null() {
            return sodns_error_args(s);
        }
    }
    sodns_add_handler(s, ptr::null_mut())
}

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static sodns_plugin: Plugin = Plugin {
    magic: MAGIC,
    abi_major: ABI_MAJOR,
    abi_minor: ABI_MINOR,
    size: std::mem::size_of::<Plugin>() as u32,
    sdk_version: b"1.0.0\0".as_ptr().cast(),
    name: b"reverse\0".as_ptr().cast(),
    version: b"0.1\0".as_ptr().cast(),
    setup: Some(setup),
    serve_dns: Some(serve),
    prepare: None,
    start: None,
    teardown: None,
    ability: None,
    stop: None,
};
