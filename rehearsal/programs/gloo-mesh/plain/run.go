package plain

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// RunNothing is a component that waits: what it watches for does not come.
func RunNothing(ctx context.Context, _ []string) {
	log.Print("the rehearsal's stand-in reloads nothing")
	<-ctx.Done()
}

// RunServer is a server of policies that no proxy here asks: it only listens.
func RunServer(_ context.Context, arguments []string) {
	flags := flag.NewFlagSet("server", flag.ExitOnError)
	port := flags.Int("grpc-port", 8083, "port to listen on")
	_ = flags.Parse(arguments)
	log.Print("the rehearsal's stand-in listens, and answers no question about requests")
	accept(*port, func(connection net.Conn) { _, _ = io.Copy(io.Discard, connection) })
}

// RunPrometheus answers queries: it has counted nothing. Flags of Prometheus are without effect.
func RunPrometheus(_ context.Context, _ []string) {
	log.Print("the rehearsal's stand-in counts nothing")
	mux := http.NewServeMux()
	for path, text := range map[string]string{
		"/-/ready": "ready", "/-/healthy": "healthy", "/-/reload": "",
		"/api/v1/query":       `{"status":"success","data":{"resultType":"vector","result":[]}}`,
		"/api/v1/query_range": `{"status":"success","data":{"resultType":"matrix","result":[]}}`,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			if strings.HasPrefix(text, "{") {
				w.Header().Set("Content-Type", "application/json")
			}
			fmt.Fprintln(w, text)
		})
	}
	Serve(9090, mux)
}

// RunRedis answers what clients ask a Redis first; it keeps nothing.
func RunRedis(_ context.Context, arguments []string) {
	flags := flag.NewFlagSet("redis", flag.ExitOnError)
	port := flags.Int("redis-port", 6379, "port to listen on")
	_ = flags.Parse(arguments)
	log.Print("the rehearsal's stand-in keeps nothing")
	accept(*port, serveRedis)
}

func accept(port int, serve func(net.Conn)) {
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listens on port %d", port)
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer connection.Close()
			serve(connection)
		}()
	}
}

const information = "# Server\r\nredis_version:7.4.2\r\nredis_mode:standalone\r\n# Replication\r\nrole:master\r\n"

func serveRedis(connection net.Conn) {
	for reader := bufio.NewReader(connection); ; {
		command, err := readCommand(reader)
		if err != nil {
			return
		}
		answer := "-ERR the rehearsal's stand-in keeps nothing\r\n"
		switch strings.ToUpper(command) {
		case "PING":
			answer = "+PONG\r\n"
		case "INFO":
			answer = fmt.Sprintf("$%d\r\n%s\r\n", len(information), information)
		case "AUTH", "SELECT", "CLIENT", "QUIT":
			answer = "+OK\r\n"
		}
		if _, err := io.WriteString(connection, answer); err != nil || strings.EqualFold(command, "QUIT") {
			return
		}
	}
}

// readCommand reads a command as a line, or as an array of texts, and answers with its first word.
func readCommand(reader *bufio.Reader) (string, error) {
	line, err := readLine(reader)
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(line, "*") {
		word, _, _ := strings.Cut(line, " ")
		return word, nil
	}
	count, err := strconv.Atoi(line[1:])
	if err != nil {
		return "", err
	}
	first := ""
	for index := range count {
		size, err := readLine(reader)
		if err != nil {
			return "", err
		}
		length, err := strconv.Atoi(strings.TrimPrefix(size, "$"))
		if err != nil || length < 0 || length > 1<<20 {
			return "", fmt.Errorf("no length of a text: %q", size)
		}
		text := make([]byte, length+2)
		if _, err := io.ReadFull(reader, text); err != nil {
			return "", err
		}
		if index == 0 {
			first = string(text[:length])
		}
	}
	return first, nil
}

func readLine(reader *bufio.Reader) (string, error) {
	line, err := reader.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}
