// Request sends a request as curl does, for the image that has curl: as far as the lab asks it to, and people who look
// into a cluster do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// Exit codes of curl.
const (
	usage      = 2
	noHost     = 6
	noAnswer   = 7
	cannotKeep = 23
	tooLate    = 28
	cutOff     = 56
)

// wish is what the command line asks for.
type wish struct {
	url, method, output, format, data string
	quiet, withHeaders                bool
	headers                           []string
	limit                             time.Duration
}

func main() {
	wished, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "curl: %v\n", err)
		os.Exit(usage)
	}
	os.Exit(run(wished, os.Stdout, os.Stderr))
}

func parse(args []string) (wish, error) {
	var w wish
	seconds := 0.0
	flags := flag.NewFlagSet("curl", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	loud := false
	flags.BoolVar(&w.quiet, "s", false, "")
	flags.BoolVar(&loud, "S", false, "")
	flags.BoolVar(&w.withHeaders, "i", false, "")
	flags.StringVar(&w.output, "o", "", "")
	flags.StringVar(&w.format, "w", "", "")
	flags.StringVar(&w.method, "X", "", "")
	flags.StringVar(&w.data, "d", "", "")
	flags.Float64Var(&seconds, "m", 0, "")
	flags.Func("H", "", func(line string) error {
		w.headers = append(w.headers, line)
		return nil
	})
	// An option may also come after the address.
	for rest := args; len(rest) > 0; {
		if err := flags.Parse(rest); err != nil {
			return w, fmt.Errorf("%w; this stand-in knows -s -S -i -o -w -X -d -m -H, each on its own", err)
		}
		rest = flags.Args()
		if len(rest) > 0 {
			w.url, rest = rest[0], rest[1:]
		}
	}
	if w.url == "" {
		return w, errors.New("no address was given")
	}
	if !strings.Contains(w.url, "://") {
		w.url = "http://" + w.url
	}
	if w.method == "" {
		w.method = http.MethodGet
		if w.data != "" {
			w.method = http.MethodPost
		}
	}
	w.quiet = w.quiet && !loud
	w.limit = time.Duration(seconds * float64(time.Second))
	return w, nil
}

func run(w wish, stdout, stderr io.Writer) int {
	start := time.Now()
	status, code, err := send(w, stdout)
	if err != nil && !w.quiet {
		fmt.Fprintf(stderr, "curl: (%d) %v\n", code, err)
	}
	fmt.Fprint(stdout, strings.NewReplacer(
		"%{http_code}", fmt.Sprintf("%03d", status),
		"%{response_code}", fmt.Sprintf("%03d", status),
		"%{time_total}", fmt.Sprintf("%.6f", time.Since(start).Seconds()),
		`\n`, "\n", `\t`, "\t", "%%", "%",
	).Replace(w.format))
	return code
}

func send(w wish, stdout io.Writer) (status, code int, err error) {
	ctx := context.Background()
	if w.limit > 0 {
		limited, cancel := context.WithTimeout(ctx, w.limit)
		defer cancel()
		ctx = limited
	}
	request, err := http.NewRequestWithContext(ctx, w.method, w.url, strings.NewReader(w.data))
	if err != nil {
		return 0, usage, err
	}
	request.Header.Set("User-Agent", "curl")
	request.Header.Set("Accept", "*/*")
	if w.data != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, line := range w.headers {
		name, value, _ := strings.Cut(line, ":")
		request.Header.Set(name, strings.TrimSpace(value))
		if strings.EqualFold(name, "host") {
			request.Host = strings.TrimSpace(value)
		}
	}
	response, err := (&http.Transport{DisableCompression: true}).RoundTrip(request)
	if err != nil {
		return 0, codeOf(err), err
	}
	defer response.Body.Close()
	target := stdout
	if w.output != "" && w.output != "-" {
		file, err := os.Create(w.output)
		if err != nil {
			return response.StatusCode, cannotKeep, err
		}
		defer file.Close()
		target = file
	}
	if w.withHeaders {
		fmt.Fprintf(target, "%s %s\r\n", response.Proto, response.Status)
		_ = response.Header.Write(target)
		fmt.Fprint(target, "\r\n")
	}
	if _, err := io.Copy(target, response.Body); err != nil {
		return response.StatusCode, codeOf(err), err
	}
	return response.StatusCode, 0, nil
}

func codeOf(err error) int {
	var name *net.DNSError
	var dial *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return tooLate
	case errors.As(err, &name):
		return noHost
	case errors.As(err, &dial) && dial.Op == "dial":
		return noAnswer
	default:
		return cutOff
	}
}
