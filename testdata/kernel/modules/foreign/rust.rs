// SPDX-License-Identifier: BSD-2-Clause
// What rustc writes itself, as a module that asks for it (--lang_exclude none) has it: names that are
// no identifiers, members out of order, variants.
#![no_std]
#![allow(improper_ctypes_definitions)]

pub struct Order { a: u8, b: u64, c: u16 }

pub enum Shape { Unit, Point(u8), Line { from: u64, to: u64 } }

#[no_mangle]
pub extern "C" fn rust_len(s: &Shape, o: &Order, bytes: &[u8], step: Option<&u32>) -> u64 {
    let n = match s {
        Shape::Unit => 0,
        Shape::Point(p) => *p as u64,
        Shape::Line { from, to } => to.wrapping_sub(*from),
    };
    n ^ o.b ^ o.a as u64 ^ o.c as u64 ^ bytes.len() as u64 ^ step.copied().unwrap_or(1) as u64
}
