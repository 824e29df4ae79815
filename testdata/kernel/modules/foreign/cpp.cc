/* SPDX-License-Identifier: BSD-2-Clause */
/* What C++ has and C has not: templates, base classes, virtual functions, static members, pointers
 * to members, references, a null pointer type, an enum of another size.
 */
namespace tk {

struct base {
	int a;
	virtual int f(int x) { return a + x; }
	static int count;
};
int base::count = 3;

template <class T> struct vec {
	T *p;
	unsigned long n;
	T &at(int i) { return p[i]; }
};

enum class colour : unsigned char { red, green };

struct derived : base {
	vec<int> v;
	int base::*member;
	int (base::*method)(int);
	decltype(nullptr) null;
	colour c;
	union { int i; float f; } u;
	int f(int x) override { return x + v.n; }
};

}

tk::derived global;
tk::vec<tk::base> bases;

int use(tk::derived &r, tk::derived &&q)
{
	return r.f(1) + q.f(2) + [&](int z) { return z + r.a; }(4) + bases.at(0).a;
}
