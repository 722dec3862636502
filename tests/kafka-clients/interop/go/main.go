// Tries the features of franz-go, and tells how each went: the feature, yes, no or absent, and why.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

var (
	bootstrap = os.Args[1]
	only      = os.Args[2:]
	run       = strconv.FormatInt(time.Now().UnixMilli(), 36)
	ctx       = context.Background()
	admin     = kadm.NewClient(client())
	// files is where the files of TLS are: with them only what is secured is tried.
	files   = os.Getenv("TLS_FILES")
	special = regexp.MustCompile("[^a-z0-9]+")
)

// check ends a feature that does not work.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func expect(found, wanted any) {
	if !reflect.DeepEqual(found, wanted) {
		panic(fmt.Errorf("%.300v instead of %.300v", found, wanted))
	}
}

func until(done func() bool) {
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			panic(errors.New("waited for 20 s in vain"))
		}
	}
}

func client(options ...kgo.Opt) *kgo.Client {
	base := []kgo.Opt{
		kgo.SeedBrokers(bootstrap), kgo.FetchMaxWait(100 * time.Millisecond), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.AllowAutoTopicCreation(), kgo.MetadataMinAge(10 * time.Millisecond), kgo.UnknownTopicRetries(-1),
	}
	return must(kgo.NewClient(append(base, options...)...))
}

func topic(feature string) string {
	return "franz-go." + special.ReplaceAllString(feature, "-") + "." + run
}

func create(feature string, partitions int32, configs ...string) string {
	name := topic(feature)
	check(makeTopic(name, partitions, configs...))
	return name
}

func makeTopic(name string, partitions int32, configs ...string) error {
	wanted := map[string]*string{}
	for i := 0; i < len(configs); i += 2 {
		wanted[configs[i]] = &configs[i+1]
	}
	_, err := admin.CreateTopic(ctx, partitions, 1, wanted, name)
	return err
}

func values(count int) (all [][]byte) {
	for number := range count {
		all = append(all, fmt.Appendf(nil, "%06d%s", number, strings.Repeat("x", 20)))
	}
	return all
}

// send produces to partition 0, and tells the offsets.
func send(name string, all [][]byte, options ...kgo.Opt) ([]int64, error) {
	producer := client(options...)
	defer producer.Close()
	var records []*kgo.Record
	for _, value := range all {
		records = append(records, &kgo.Record{Topic: name, Value: value})
	}
	told := producer.ProduceSync(ctx, records...)
	var offsets []int64
	for _, record := range records {
		offsets = append(offsets, record.Offset)
	}
	return offsets, told.FirstErr()
}

func consumer(name string, from kgo.Offset, options ...kgo.Opt) *kgo.Client {
	partitions := map[string]map[int32]kgo.Offset{name: {0: from}}
	return client(append(options, kgo.ConsumePartitions(partitions))...)
}

func poll(reader *kgo.Client, count int) (found []*kgo.Record, err error) {
	limited, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for len(found) < count {
		fetches := reader.PollFetches(limited)
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		found = append(found, fetches.Records()...)
	}
	return found, nil
}

func read(name string, count int, from kgo.Offset, options ...kgo.Opt) []*kgo.Record {
	reader := consumer(name, from, options...)
	defer reader.Close()
	return must(poll(reader, count))
}

func expectValues(found []*kgo.Record, wanted [][]byte) {
	expect(len(found), len(wanted))
	for i, record := range found {
		expect(bytes.Equal(record.Value, wanted[i]), true)
	}
}

func offsets(found []*kgo.Record) (all []int64) {
	for _, record := range found {
		all = append(all, record.Offset)
	}
	return all
}

func upTo(count int) (all []int64) {
	for number := range count {
		all = append(all, int64(number))
	}
	return all
}

func random(size int) []byte {
	value := make([]byte, size)
	must(rand.Read(value))
	return value
}

var earliest, latest = kgo.NewOffset().AtStart(), kgo.NewOffset().AtEnd()

func metadata() {
	name := create("metadata", 3)
	expect(len(must(admin.ListTopics(ctx, name))[name].Partitions), 3)
}

func produce(codec kgo.CompressionCodec) func() {
	return func() {
		name := create(fmt.Sprintf("produce %v", codec), 1)
		must(send(name, values(500), kgo.ProducerBatchCompression(codec)))
		expectValues(read(name, 500, earliest), values(500))
	}
}

func acks(feature string, wanted kgo.Acks) func() {
	return func() {
		name := create(feature, 1)
		told := must(send(name, values(200), kgo.RequiredAcks(wanted), kgo.DisableIdempotentWrite()))
		if wanted != kgo.NoAck() {
			expect(told, upTo(200))
		}
		expectValues(read(name, 200, earliest), values(200))
	}
}

func idempotent() {
	// It is by itself.
	name := create("idempotent", 1)
	expect(must(send(name, values(400), kgo.ProducerBatchMaxBytes(1024))), upTo(400))
	expectValues(read(name, 400, earliest), values(400))
}

func autoCreated() {
	expect(must(send(topic("auto-created topic"), values(1))), upTo(1))
}

func headers() {
	name := create("headers", 1)
	producer := client()
	defer producer.Close()
	wanted := []kgo.RecordHeader{{Key: "a", Value: []byte("1")}, {Key: "a", Value: []byte{0xff}}, {Key: "none"}, {Key: "", Value: []byte{}}}
	moment := time.UnixMilli(1_700_000_000_123)
	record := &kgo.Record{Topic: name, Key: []byte("key"), Headers: wanted, Timestamp: moment}
	check(producer.ProduceSync(ctx, record).FirstErr())
	found := read(name, 1, earliest)[0]
	expect(string(found.Key), "key")
	expect(found.Value == nil, true)
	expect(found.Timestamp.Equal(moment), true)
	expect(len(found.Headers), len(wanted))
	for i, header := range found.Headers {
		expect([]any{header.Key, header.Value == nil, string(header.Value)}, []any{wanted[i].Key, wanted[i].Value == nil, string(wanted[i].Value)})
	}
}

// three writes records of three moments: 1000, 2000 and 3000 ms.
func three(feature string) string {
	name := create(feature, 1)
	producer := client()
	defer producer.Close()
	for number := range int64(3) {
		record := &kgo.Record{Topic: name, Value: []byte{byte('1' + number)}, Timestamp: time.UnixMilli((number + 1) * 1000)}
		check(producer.ProduceSync(ctx, record).FirstErr())
	}
	return name
}

func fromEarliest() {
	expect(offsets(read(three("earliest"), 3, earliest)), upTo(3))
}

func fromLatest() {
	name := three("latest")
	end, _ := must(admin.ListEndOffsets(ctx, name)).Lookup(name, 0)
	expect(end.Offset, int64(3))
	reader := consumer(name, latest)
	defer reader.Close()
	// It asks for the end when it polls: what is written before that is not seen.
	limited, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	expect(len(reader.PollFetches(limited).Records()), 0)
	cancel()
	must(send(name, values(1)))
	expect(offsets(must(poll(reader, 1))), []int64{3})
}

func fromTimestamp() {
	name := three("timestamp")
	for _, each := range [][2]int64{{0, 0}, {1000, 0}, {1001, 1}, {3000, 2}, {3001, 3}} {
		found, _ := must(admin.ListOffsetsAfterMilli(ctx, each[0], name)).Lookup(name, 0)
		expect([2]int64{each[0], found.Offset}, each)
	}
	expect(offsets(read(name, 2, kgo.NewOffset().AfterMilli(1500))), []int64{1, 2})
	last, _ := must(admin.ListMaxTimestampOffsets(ctx, name)).Lookup(name, 0)
	expect(last.Offset, int64(2))
}

func seek() {
	name := create("seek", 1)
	must(send(name, values(300)))
	expect(read(name, 1, kgo.NewOffset().At(250))[0].Offset, int64(250))
	expect(read(name, 1, kgo.NewOffset().AtEnd().Relative(-10))[0].Offset, int64(290))
}

func large() {
	name := create("large", 1, "max.message.bytes", "5000000")
	all := [][]byte{random(4_000_000), random(4_000_000), random(4_000_000)}
	must(send(name, all, kgo.ProducerBatchMaxBytes(5_000_000)))
	expectValues(read(name, 3, earliest, kgo.FetchMaxPartitionBytes(100_000)), all)
}

func topics() {
	name := create("topics", 2, "retention.ms", "1000")
	expect(errors.Is(makeTopic(name, 2), kerr.TopicAlreadyExists), true)
	expect(must(admin.ListTopics(ctx)).Has(name), true)
	must(admin.DeleteTopic(ctx, name))
	// It keeps what it was told for a moment.
	until(func() bool { return !must(admin.ListTopics(ctx)).Has(name) })
	_, err := admin.DeleteTopic(ctx, name)
	expect(errors.Is(err, kerr.UnknownTopicOrPartition), true)
	check(must(admin.ValidateCreateTopics(ctx, 2, 1, nil, name)).Error())
	expect(must(admin.ListTopics(ctx)).Has(name), false)
}

func partitions() {
	name := create("partitions", 1)
	check(must(admin.UpdatePartitions(ctx, 4, name)).Error())
	expect(len(must(admin.ListTopics(ctx, name))[name].Partitions), 4)
	less := must(admin.UpdatePartitions(ctx, 2, name)).Error()
	expect(errors.Is(less, kerr.InvalidPartitions), true)
}

func described(name string) [2]string {
	resource := must(must(admin.DescribeTopicConfigs(ctx, name)).On(name, nil))
	var found [2]string
	for _, config := range resource.Configs {
		if at := slices.Index([]string{"retention.ms", "max.message.bytes"}, config.Key); at >= 0 {
			found[at] = config.MaybeValue()
		}
	}
	return found
}

func configurations() {
	name := create("configurations", 1, "retention.ms", "5000")
	expect(described(name), [2]string{"5000", "1048588"})
	value := "2000"
	change := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "max.message.bytes", Value: &value}, {Op: kadm.DeleteConfig, Name: "retention.ms"}}
	for _, told := range must(admin.AlterTopicConfigs(ctx, change, name)) {
		check(told.Err)
	}
	expect(described(name), [2]string{"604800000", "2000"})
}

func deleteRecords() {
	name := create("delete records", 1)
	must(send(name, values(10)))
	var before kadm.Offsets
	before.AddOffset(name, 0, 4, -1)
	told, _ := must(admin.DeleteRecords(ctx, before)).Lookup(name, 0)
	expect([]any{told.LowWatermark, told.Err}, []any{int64(4), nil})
	expectValues(read(name, 6, earliest), values(10)[4:])
}

func cluster() {
	found := must(admin.BrokerMetadata(ctx))
	expect([]any{len(found.Brokers), found.Brokers[0].NodeID, found.Cluster != ""}, []any{1, found.Controller, true})
}

func madeAgain() {
	name := create("again", 1)
	producer := client(kgo.MetadataMaxAge(50*time.Millisecond), kgo.UnknownTopicRetries(0))
	defer producer.Close()
	var stop atomic.Bool
	var written, number atomic.Int64
	wrong := make(chan error, 1000)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !stop.Load() {
			record := &kgo.Record{Topic: name, Value: strconv.AppendInt(nil, number.Add(1), 10)}
			err := producer.ProduceSync(ctx, record).FirstErr()
			switch {
			case err == nil:
				written.Add(1)
			case errors.Is(err, kerr.UnknownTopicOrPartition) || errors.Is(err, kerr.UnknownTopicID):
				// It holds on to the topic that is gone until it is told to forget it.
				producer.PurgeTopicsFromProducing(name)
			default:
				select {
				case wrong <- err:
				default:
				}
			}
		}
	}()
	for round := range 4 {
		seen := written.Load()
		until(func() bool { return written.Load() > seen+10 })
		if round < 3 {
			must(admin.DeleteTopic(ctx, name))
			// The producer may have been faster: its question about the topic makes it again.
			if err := makeTopic(name, 1); !errors.Is(err, kerr.TopicAlreadyExists) {
				check(err)
			}
		}
	}
	stop.Store(true)
	<-done
	close(wrong)
	for err := range wrong {
		check(err)
	}
	end, _ := must(admin.ListEndOffsets(ctx, name)).Lookup(name, 0)
	expect(offsets(read(name, int(end.Offset), earliest)), upTo(int(end.Offset)))
}

func failures() {
	name := create("errors", 1)
	_, err := send(name, [][]byte{random(2_000_000)}, kgo.ProducerBatchMaxBytes(5_000_000))
	expect(errors.Is(err, kerr.MessageTooLarge), true)
	expect(errors.Is(makeTopic("not/a/topic", 1), kerr.InvalidTopicException), true)
	expect(errors.Is(makeTopic(topic("none"), 0), kerr.InvalidPartitions), true)
	expect(errors.Is(makeTopic(topic("bad"), 1, "segment.flavour", "1"), kerr.InvalidConfig), true)
	reader := consumer(name, kgo.NewOffset().At(17), kgo.ConsumeResetOffset(kgo.NoResetOffset()))
	defer reader.Close()
	_, err = poll(reader, 1)
	expect(errors.Is(err, kerr.OffsetOutOfRange), true)
}

// member joins a group that is named after its topic; franz-go rebalances cooperatively.
func member(name string, options ...kgo.Opt) *kgo.Client {
	base := []kgo.Opt{
		kgo.ConsumerGroup(name), kgo.ConsumeTopics(name), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.HeartbeatInterval(300 * time.Millisecond),
	}
	return client(append(base, options...)...)
}

func group() {
	name := create("group", 2)
	must(send(name, values(3)))
	for _, wanted := range []int{3, 1} {
		reader := member(name)
		found := must(poll(reader, wanted))
		expect(len(found), wanted)
		check(reader.CommitUncommittedOffsets(ctx))
		reader.Close()
		must(send(name, values(1)))
	}
	expect(must(admin.FetchOffsets(ctx, name)).Offsets()[name][0].At, int64(4))
	must(admin.DeleteGroups(ctx, name))
}

// rebalance counts by the group's own description who has how much.
func rebalance(balancer kgo.GroupBalancer) func() {
	return func() {
		name := create("rebalance "+balancer.ProtocolName(), 4)
		one, two := member(name, kgo.Balancers(balancer)), member(name, kgo.Balancers(balancer))
		defer one.Close()
		shares := func() (shares []int) {
			described := must(admin.DescribeGroups(ctx, name))[name]
			if described.State != "Stable" {
				return nil
			}
			for _, member := range described.Members {
				if assigned, ok := member.Assigned.AsConsumer(); ok {
					count := 0
					for _, topic := range assigned.Topics {
						count += len(topic.Partitions)
					}
					shares = append(shares, count)
				}
			}
			return shares
		}
		until(func() bool { return reflect.DeepEqual(shares(), []int{2, 2}) })
		two.Close()
		until(func() bool { return reflect.DeepEqual(shares(), []int{4}) })
	}
}

type feature struct {
	name string
	work func()
}

func try(each feature) {
	start := time.Now()
	defer func() {
		outcome, remark := "yes", ""
		if failed := recover(); failed != nil {
			outcome, remark = "no", strings.Join(strings.Fields(fmt.Sprint(failed)), " ")
		}
		fmt.Printf("%s\t%s\t%s\n", each.name, outcome, remark)
		fmt.Fprintf(os.Stderr, "%s: %.1f s\n", each.name, time.Since(start).Seconds())
	}()
	each.work()
}

func main() {
	if files != "" {
		for _, each := range security() {
			try(each)
		}
		return
	}
	features := []feature{
		{"metadata", metadata},
		{"produce none", produce(kgo.NoCompression())}, {"produce gzip", produce(kgo.GzipCompression())},
		{"produce snappy", produce(kgo.SnappyCompression())}, {"produce lz4", produce(kgo.Lz4Compression())},
		{"produce zstd", produce(kgo.ZstdCompression())},
		{"acks 0", acks("acks 0", kgo.NoAck())}, {"acks 1", acks("acks 1", kgo.LeaderAck())}, {"acks all", acks("acks all", kgo.AllISRAcks())},
		{"idempotent", idempotent}, {"auto-created topic", autoCreated}, {"keys, headers and nulls", headers},
		{"fetch from earliest", fromEarliest}, {"fetch from latest", fromLatest}, {"fetch from timestamp", fromTimestamp},
		{"seek", seek}, {"large records", large}, {"create and delete topics", topics}, {"add partitions", partitions},
		{"configurations", configurations}, {"delete records", deleteRecords}, {"describe cluster", cluster},
		{"topic made again under load", madeAgain}, {"errors", failures}, {"consumer group", group},
		{"rebalance", rebalance(kgo.RangeBalancer())}, {"cooperative rebalance", rebalance(kgo.CooperativeStickyBalancer())},
	}
	for _, each := range features {
		if len(only) == 0 || slices.Contains(only, each.name) {
			try(each)
		}
	}
}
