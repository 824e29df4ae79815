package measure

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
)

// WriteCSV writes a line for each module.
func (r *Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	header := []string{"path", "base", "error", "source", "shipped", "alone", "split", "ratio", "types_alone", "types_split", "records", "strings"}
	features := r.features()
	for _, f := range features {
		header = append(header, "cost_"+f)
	}
	if err := out.Write(header); err != nil {
		return err
	}
	for i := range r.Modules {
		m := &r.Modules[i]
		own := m.Own()
		if own == nil {
			own = &Size{}
		}
		line := []string{
			csvCell(m.Path), m.Base, csvCell(m.Error), m.Source, decimal(m.Shipped), bytesOf(m.Alone), bytesOf(m.Split), ratioCell(m.Ratio(), 3),
			typesOf(m.Alone), typesOf(m.Split), decimal(own.RecordBytes()), decimal(own.StringBytes()),
		}
		for _, f := range features {
			cost := ""
			if c, ok := m.Costs[f]; ok {
				cost = strconv.FormatInt(c, 10)
			}
			line = append(line, cost)
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }

// bytesOf and typesOf are empty where there is no such BTF.
func bytesOf(s *Size) string {
	if s == nil {
		return ""
	}
	return decimal(s.Bytes)
}

func typesOf(s *Size) string {
	if s == nil {
		return ""
	}
	return strconv.Itoa(s.Types)
}

func ratioCell(f float64, digits int) string {
	if math.IsNaN(f) {
		return ""
	}
	return strconv.FormatFloat(f, 'f', digits, 64)
}
