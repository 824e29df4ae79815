package main

import "github.com/gobtfenc/gobtfenc/elfio"

// sizes looks how much debugging information files have. It asks each once.
type sizes struct {
	reader elfio.Reader
	known  map[string]uint64
}

// debugInfo returns the size of .debug_info, 0 where there is none.
func (s *sizes) debugInfo(path string) (uint64, error) {
	if n, ok := s.known[path]; ok {
		return n, nil
	}
	f, err := s.reader.Open(path)
	if err != nil {
		return 0, err
	}
	defer s.reader.Close()
	if s.known == nil {
		s.known = map[string]uint64{}
	}
	s.known[path] = f.Sections[f.DebugIndex(".debug_info")].Size
	return s.known[path], nil
}
