module github.com/gobtfenc/gobtfenc

go 1.26
