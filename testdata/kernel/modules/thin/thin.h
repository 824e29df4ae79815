/* SPDX-License-Identifier: BSD-2-Clause */
/* Two units that share a struct and differ in what they know of what it points to. */
struct thin_disk;
struct thin_inode {
	struct thin_disk *disk;
	struct thin_inode *next;
};
struct thin_file {
	struct thin_inode *inode;
};
int thin_size(struct thin_file *file);
