/* SPDX-License-Identifier: BSD-2-Clause */
/* Has struct thin_disk, and a function that the other unit takes in. */
#include "thin.h"

struct thin_disk {
	int sectors;
};

int thin_size(struct thin_file *file)
{
	return file->inode->disk->sectors;
}
