/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TK_ARGS_H
#define TK_ARGS_H

typedef __builtin_va_list va_list;
#define va_start(ap, last) __builtin_va_start(ap, last)
#define va_arg(ap, type) __builtin_va_arg(ap, type)
#define va_end(ap) __builtin_va_end(ap)

#endif
