module github.com/gobtfenc/gobtfenc

go 1.26

require github.com/klauspost/compress v1.20.3

require github.com/go-delve/delve v1.27.2 // indirect
