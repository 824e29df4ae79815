/* SPDX-License-Identifier: BSD-2-Clause */
/* Only declares struct thin_disk, and takes in thin_size of the other unit. */
#include "thin.h"

int thin_use(struct thin_file *file)
{
	return file->inode->next ? thin_size(file) : 0;
}
