/*
 * Numbers in and out of text. The tables hold what Go's strconv says.
 */
#include <math.h>

#include <sodns/text.h>

#include "test.h"

static const struct {
	const char *text;
	size_t len;
	unsigned base;
	uint64_t max;
	int rc;
	uint64_t value;
} uints[] = {
	{"0", 1, 10, UINT64_MAX, SODNS_OK, 0u},
	{"42", 2, 10, UINT64_MAX, SODNS_OK, 42u},
	{"18446744073709551615", 20, 10, UINT64_MAX, SODNS_OK, 18446744073709551615u},
	{"18446744073709551616", 20, 10, UINT64_MAX, SODNS_ERANGE, 0u},
	{"99999999999999999999x", 21, 10, UINT64_MAX, SODNS_ERANGE, 0u},
	{"", 0, 10, UINT64_MAX, SODNS_EINVAL, 0u},
	{"-1", 2, 10, UINT64_MAX, SODNS_EINVAL, 0u},
	{"+1", 2, 10, UINT64_MAX, SODNS_EINVAL, 0u},
	{" 1", 2, 10, UINT64_MAX, SODNS_EINVAL, 0u},
	{"1 ", 2, 10, UINT64_MAX, SODNS_EINVAL, 0u},
	{"0x1f", 4, 0, UINT64_MAX, SODNS_OK, 31u},
	{"0X1F", 4, 0, UINT64_MAX, SODNS_OK, 31u},
	{"0x", 2, 0, UINT64_MAX, SODNS_EINVAL, 0u},
	{"0b101", 5, 0, UINT64_MAX, SODNS_OK, 5u},
	{"0o17", 4, 0, UINT64_MAX, SODNS_OK, 15u},
	{"017", 3, 0, UINT64_MAX, SODNS_OK, 15u},
	{"08", 2, 0, UINT64_MAX, SODNS_EINVAL, 0u},
	{"0", 1, 0, UINT64_MAX, SODNS_OK, 0u},
	{"1_000", 5, 0, UINT64_MAX, SODNS_OK, 1000u},
	{"1_000", 5, 10, UINT64_MAX, SODNS_EINVAL, 0u},
	{"1__0", 4, 0, UINT64_MAX, SODNS_EINVAL, 0u},
	{"_1", 2, 0, UINT64_MAX, SODNS_EINVAL, 0u},
	{"1_", 2, 0, UINT64_MAX, SODNS_EINVAL, 0u},
	{"0x_1f", 5, 0, UINT64_MAX, SODNS_OK, 31u},
	{"0_7", 3, 0, UINT64_MAX, SODNS_OK, 7u},
	{"0x1f_", 5, 0, UINT64_MAX, SODNS_EINVAL, 0u},
	{"zz", 2, 36, UINT64_MAX, SODNS_OK, 1295u},
	{"ZZ", 2, 36, UINT64_MAX, SODNS_OK, 1295u},
	{"z", 1, 35, UINT64_MAX, SODNS_EINVAL, 0u},
	{"256", 3, 10, 255, SODNS_ERANGE, 0u},
	{"255", 3, 10, 255, SODNS_OK, 255u},
	{"300x", 4, 10, 255, SODNS_ERANGE, 0u},
	{"65535", 5, 10, 65535, SODNS_OK, 65535u},
	{"65536", 5, 10, 65535, SODNS_ERANGE, 0u},
	{"ffffffff", 8, 16, 4294967295, SODNS_OK, 4294967295u},
	{"100000000", 9, 16, 4294967295, SODNS_ERANGE, 0u},
	{"1\x00", 2, 10, UINT64_MAX, SODNS_EINVAL, 0u},
	{"\xff", 1, 10, UINT64_MAX, SODNS_EINVAL, 0u},
	{"1e3", 3, 10, UINT64_MAX, SODNS_EINVAL, 0u},
};

static const struct {
	const char *text;
	size_t len;
	unsigned base;
	int rc;
	int64_t value;
} ints[] = {
	{"0", 1, 10, SODNS_OK, 0},
	{"-0", 2, 10, SODNS_OK, 0},
	{"+7", 2, 10, SODNS_OK, 7},
	{"-7", 2, 10, SODNS_OK, -7},
	{"9223372036854775807", 19, 10, SODNS_OK, 9223372036854775807},
	{"9223372036854775808", 19, 10, SODNS_ERANGE, 0},
	{"-9223372036854775808", 20, 10, SODNS_OK, INT64_MIN},
	{"-9223372036854775809", 20, 10, SODNS_ERANGE, 0},
	{"--1", 3, 10, SODNS_EINVAL, 0},
	{"+-1", 3, 10, SODNS_EINVAL, 0},
	{"-", 1, 10, SODNS_EINVAL, 0},
	{"+", 1, 10, SODNS_EINVAL, 0},
	{"", 0, 10, SODNS_EINVAL, 0},
	{"-0x10", 5, 0, SODNS_OK, -16},
	{"0x10", 4, 10, SODNS_EINVAL, 0},
	{"-1_0", 4, 0, SODNS_OK, -10},
	{"7fffffffffffffff", 16, 16, SODNS_OK, 9223372036854775807},
	{"1 ", 2, 10, SODNS_EINVAL, 0},
	{"- 1", 3, 10, SODNS_EINVAL, 0},
};

static const struct {
	const char *text;
	size_t len;
	int rc;
	double value;
} floats[] = {
	{"0", 1, SODNS_OK, 0.0},
	{"-0", 2, SODNS_OK, -0.0},
	{"1", 1, SODNS_OK, 1.0},
	{"+1.5", 4, SODNS_OK, 1.5},
	{".5", 2, SODNS_OK, 0.5},
	{"5.", 2, SODNS_OK, 5.0},
	{".", 1, SODNS_EINVAL, 0.0},
	{"", 0, SODNS_EINVAL, 0.0},
	{"1e3", 3, SODNS_OK, 1000.0},
	{"1E-3", 4, SODNS_OK, 0.001},
	{"1e", 2, SODNS_EINVAL, 0.0},
	{"1e+", 3, SODNS_EINVAL, 0.0},
	{"1.5.2", 5, SODNS_EINVAL, 0.0},
	{"1e400", 5, SODNS_ERANGE, (double)INFINITY},
	{"-1e400", 6, SODNS_ERANGE, -(double)INFINITY},
	{"1e-400", 6, SODNS_OK, 0.0},
	{"0x1p3", 5, SODNS_OK, 8.0},
	{"0x1.8p+1", 8, SODNS_OK, 3.0},
	{"0x.8p1", 6, SODNS_OK, 1.0},
	{"0x1.8", 5, SODNS_EINVAL, 0.0},
	{"0xp1", 4, SODNS_EINVAL, 0.0},
	{"inf", 3, SODNS_OK, (double)INFINITY},
	{"-Inf", 4, SODNS_OK, -(double)INFINITY},
	{"+INFINITY", 9, SODNS_OK, (double)INFINITY},
	{"infin", 5, SODNS_EINVAL, 0.0},
	{"nan", 3, SODNS_OK, (double)NAN},
	{"NaN", 3, SODNS_OK, (double)NAN},
	{"-nan", 4, SODNS_EINVAL, 0.0},
	{"1_000.5", 7, SODNS_OK, 1000.5},
	{"1__0", 4, SODNS_EINVAL, 0.0},
	{"_1", 2, SODNS_EINVAL, 0.0},
	{"1_", 2, SODNS_EINVAL, 0.0},
	{"1_e3", 4, SODNS_EINVAL, 0.0},
	{"0x_1p3", 6, SODNS_OK, 8.0},
	{"0.1", 3, SODNS_OK, 0.10000000000000001},
	{"123456789012345678901234567890", 30, SODNS_OK, 1.2345678901234568e+29},
	{"4.9e-324", 8, SODNS_OK, 4.9406564584124654e-324},
	{"1.7976931348623157e308", 22, SODNS_OK, 1.7976931348623157e+308},
	{" 1", 2, SODNS_EINVAL, 0.0},
	{"1 ", 2, SODNS_EINVAL, 0.0},
	{"1\x00", 2, SODNS_EINVAL, 0.0},
	{"1f", 2, SODNS_EINVAL, 0.0},
	{"1e5x", 4, SODNS_EINVAL, 0.0},
	{"i_nf", 4, SODNS_EINVAL, 0.0},
};

static const struct {
	double value;
	char format;
	int precision;
	const char *text;
} formatted[] = {
	{0.0, 'g', -1, "0"},
	{0.0, 'G', -1, "0"},
	{0.0, 'e', -1, "0e+00"},
	{0.0, 'f', -1, "0"},
	{0.0, 'f', 2, "0.00"},
	{0.0, 'e', 3, "0.000e+00"},
	{0.0, 'g', 3, "0"},
	{0.0, 'b', -1, "0p-1074"},
	{0.0, 'x', -1, "0x0p+00"},
	{0.0, 'X', 2, "0X0.00P+00"},
	{0.0, 'x', 0, "0x0p+00"},
	{-0.0, 'g', -1, "-0"},
	{-0.0, 'G', -1, "-0"},
	{-0.0, 'e', -1, "-0e+00"},
	{-0.0, 'f', -1, "-0"},
	{-0.0, 'f', 2, "-0.00"},
	{-0.0, 'e', 3, "-0.000e+00"},
	{-0.0, 'g', 3, "-0"},
	{-0.0, 'b', -1, "-0p-1074"},
	{-0.0, 'x', -1, "-0x0p+00"},
	{-0.0, 'X', 2, "-0X0.00P+00"},
	{-0.0, 'x', 0, "-0x0p+00"},
	{1.0, 'g', -1, "1"},
	{1.0, 'G', -1, "1"},
	{1.0, 'e', -1, "1e+00"},
	{1.0, 'f', -1, "1"},
	{1.0, 'f', 2, "1.00"},
	{1.0, 'e', 3, "1.000e+00"},
	{1.0, 'g', 3, "1"},
	{1.0, 'b', -1, "4503599627370496p-52"},
	{1.0, 'x', -1, "0x1p+00"},
	{1.0, 'X', 2, "0X1.00P+00"},
	{1.0, 'x', 0, "0x1p+00"},
	{-1.5, 'g', -1, "-1.5"},
	{-1.5, 'G', -1, "-1.5"},
	{-1.5, 'e', -1, "-1.5e+00"},
	{-1.5, 'f', -1, "-1.5"},
	{-1.5, 'f', 2, "-1.50"},
	{-1.5, 'e', 3, "-1.500e+00"},
	{-1.5, 'g', 3, "-1.5"},
	{-1.5, 'b', -1, "-6755399441055744p-52"},
	{-1.5, 'x', -1, "-0x1.8p+00"},
	{-1.5, 'X', 2, "-0X1.80P+00"},
	{-1.5, 'x', 0, "-0x1p+01"},
	{0.10000000000000001, 'g', -1, "0.1"},
	{0.10000000000000001, 'G', -1, "0.1"},
	{0.10000000000000001, 'e', -1, "1e-01"},
	{0.10000000000000001, 'f', -1, "0.1"},
	{0.10000000000000001, 'f', 2, "0.10"},
	{0.10000000000000001, 'e', 3, "1.000e-01"},
	{0.10000000000000001, 'g', 3, "0.1"},
	{0.10000000000000001, 'b', -1, "7205759403792794p-56"},
	{0.10000000000000001, 'x', -1, "0x1.999999999999ap-04"},
	{0.10000000000000001, 'X', 2, "0X1.9AP-04"},
	{0.10000000000000001, 'x', 0, "0x1p-03"},
	{0.33333333333333331, 'g', -1, "0.3333333333333333"},
	{0.33333333333333331, 'G', -1, "0.3333333333333333"},
	{0.33333333333333331, 'e', -1, "3.333333333333333e-01"},
	{0.33333333333333331, 'f', -1, "0.3333333333333333"},
	{0.33333333333333331, 'f', 2, "0.33"},
	{0.33333333333333331, 'e', 3, "3.333e-01"},
	{0.33333333333333331, 'g', 3, "0.333"},
	{0.33333333333333331, 'b', -1, "6004799503160661p-54"},
	{0.33333333333333331, 'x', -1, "0x1.5555555555555p-02"},
	{0.33333333333333331, 'X', 2, "0X1.55P-02"},
	{0.33333333333333331, 'x', 0, "0x1p-02"},
	{100000.0, 'g', -1, "100000"},
	{100000.0, 'G', -1, "100000"},
	{100000.0, 'e', -1, "1e+05"},
	{100000.0, 'f', -1, "100000"},
	{100000.0, 'f', 2, "100000.00"},
	{100000.0, 'e', 3, "1.000e+05"},
	{100000.0, 'g', 3, "1e+05"},
	{100000.0, 'b', -1, "6871947673600000p-36"},
	{100000.0, 'x', -1, "0x1.86ap+16"},
	{100000.0, 'X', 2, "0X1.87P+16"},
	{100000.0, 'x', 0, "0x1p+17"},
	{999999.0, 'g', -1, "999999"},
	{999999.0, 'G', -1, "999999"},
	{999999.0, 'e', -1, "9.99999e+05"},
	{999999.0, 'f', -1, "999999"},
	{999999.0, 'f', 2, "999999.00"},
	{999999.0, 'e', 3, "1.000e+06"},
	{999999.0, 'g', 3, "1e+06"},
	{999999.0, 'b', -1, "8589926002065408p-33"},
	{999999.0, 'x', -1, "0x1.e847ep+19"},
	{999999.0, 'X', 2, "0X1.E8P+19"},
	{999999.0, 'x', 0, "0x1p+20"},
	{1000000.0, 'g', -1, "1e+06"},
	{1000000.0, 'G', -1, "1E+06"},
	{1000000.0, 'e', -1, "1e+06"},
	{1000000.0, 'f', -1, "1000000"},
	{1000000.0, 'f', 2, "1000000.00"},
	{1000000.0, 'e', 3, "1.000e+06"},
	{1000000.0, 'g', 3, "1e+06"},
	{1000000.0, 'b', -1, "8589934592000000p-33"},
	{1000000.0, 'x', -1, "0x1.e848p+19"},
	{1000000.0, 'X', 2, "0X1.E8P+19"},
	{1000000.0, 'x', 0, "0x1p+20"},
	{123456789.0, 'g', -1, "1.23456789e+08"},
	{123456789.0, 'G', -1, "1.23456789E+08"},
	{123456789.0, 'e', -1, "1.23456789e+08"},
	{123456789.0, 'f', -1, "123456789"},
	{123456789.0, 'f', 2, "123456789.00"},
	{123456789.0, 'e', 3, "1.235e+08"},
	{123456789.0, 'g', 3, "1.23e+08"},
	{123456789.0, 'b', -1, "8285044862877696p-26"},
	{123456789.0, 'x', -1, "0x1.d6f3454p+26"},
	{123456789.0, 'X', 2, "0X1.D7P+26"},
	{123456789.0, 'x', 0, "0x1p+27"},
	{1e+20, 'g', -1, "1e+20"},
	{1e+20, 'G', -1, "1E+20"},
	{1e+20, 'e', -1, "1e+20"},
	{1e+20, 'f', -1, "100000000000000000000"},
	{1e+20, 'f', 2, "100000000000000000000.00"},
	{1e+20, 'e', 3, "1.000e+20"},
	{1e+20, 'g', 3, "1e+20"},
	{1e+20, 'b', -1, "6103515625000000p+14"},
	{1e+20, 'x', -1, "0x1.5af1d78b58c4p+66"},
	{1e+20, 'X', 2, "0X1.5BP+66"},
	{1e+20, 'x', 0, "0x1p+66"},
	{1e+21, 'g', -1, "1e+21"},
	{1e+21, 'G', -1, "1E+21"},
	{1e+21, 'e', -1, "1e+21"},
	{1e+21, 'f', -1, "1000000000000000000000"},
	{1e+21, 'f', 2, "1000000000000000000000.00"},
	{1e+21, 'e', 3, "1.000e+21"},
	{1e+21, 'g', 3, "1e+21"},
	{1e+21, 'b', -1, "7629394531250000p+17"},
	{1e+21, 'x', -1, "0x1.b1ae4d6e2ef5p+69"},
	{1e+21, 'X', 2, "0X1.B2P+69"},
	{1e+21, 'x', 0, "0x1p+70"},
	{1e+22, 'g', -1, "1e+22"},
	{1e+22, 'G', -1, "1E+22"},
	{1e+22, 'e', -1, "1e+22"},
	{1e+22, 'f', -1, "10000000000000000000000"},
	{1e+22, 'f', 2, "10000000000000000000000.00"},
	{1e+22, 'e', 3, "1.000e+22"},
	{1e+22, 'g', 3, "1e+22"},
	{1e+22, 'b', -1, "4768371582031250p+21"},
	{1e+22, 'x', -1, "0x1.0f0cf064dd592p+73"},
	{1e+22, 'X', 2, "0X1.0FP+73"},
	{1e+22, 'x', 0, "0x1p+73"},
	{0.0001, 'g', -1, "0.0001"},
	{0.0001, 'G', -1, "0.0001"},
	{0.0001, 'e', -1, "1e-04"},
	{0.0001, 'f', -1, "0.0001"},
	{0.0001, 'f', 2, "0.00"},
	{0.0001, 'e', 3, "1.000e-04"},
	{0.0001, 'g', 3, "0.0001"},
	{0.0001, 'b', -1, "7378697629483821p-66"},
	{0.0001, 'x', -1, "0x1.a36e2eb1c432dp-14"},
	{0.0001, 'X', 2, "0X1.A3P-14"},
	{0.0001, 'x', 0, "0x1p-13"},
	{1.234e-05, 'g', -1, "1.234e-05"},
	{1.234e-05, 'G', -1, "1.234E-05"},
	{1.234e-05, 'e', -1, "1.234e-05"},
	{1.234e-05, 'f', -1, "0.00001234"},
	{1.234e-05, 'f', 2, "0.00"},
	{1.234e-05, 'e', 3, "1.234e-05"},
	{1.234e-05, 'g', 3, "1.23e-05"},
	{1.234e-05, 'b', -1, "7284250299826428p-69"},
	{1.234e-05, 'x', -1, "0x1.9e0fcaf9380fcp-17"},
	{1.234e-05, 'X', 2, "0X1.9EP-17"},
	{1.234e-05, 'x', 0, "0x1p-16"},
	{4.9406564584124654e-324, 'g', -1, "5e-324"},
	{4.9406564584124654e-324, 'G', -1, "5E-324"},
	{4.9406564584124654e-324, 'e', -1, "5e-324"},
	{4.9406564584124654e-324, 'f', -1,
	 "0."
	 "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	 "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	 "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	 "000000000000000000000000000000000000000000000000000000005"},
	{4.9406564584124654e-324, 'f', 2, "0.00"},
	{4.9406564584124654e-324, 'e', 3, "4.941e-324"},
	{4.9406564584124654e-324, 'g', 3, "4.94e-324"},
	{4.9406564584124654e-324, 'b', -1, "1p-1074"},
	{4.9406564584124654e-324, 'x', -1, "0x1p-1074"},
	{4.9406564584124654e-324, 'X', 2, "0X1.00P-1074"},
	{4.9406564584124654e-324, 'x', 0, "0x1p-1074"},
	{1.7976931348623157e+308, 'g', -1, "1.7976931348623157e+308"},
	{1.7976931348623157e+308, 'G', -1, "1.7976931348623157E+308"},
	{1.7976931348623157e+308, 'e', -1, "1.7976931348623157e+308"},
	{1.7976931348623157e+308, 'f', -1,
	 "17976931348623157000000000000000000000000000000000000000000000000000000000000000000000000"
	 "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	 "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	 "000000000000000000000000000000000000000000"},
	{1.7976931348623157e+308, 'f', 2,
	 "17976931348623157081452742373170435679807056752584499659891747680315726078002853876058955"
	 "86327668781715404589535143824642343213268894641827684675467035375169860499105765512820762"
	 "45490090389328944075868508455133942304583236903222948165808559332123348274797826204144723"
	 "168738177180919299881250404026184124858368.00"},
	{1.7976931348623157e+308, 'e', 3, "1.798e+308"},
	{1.7976931348623157e+308, 'g', 3, "1.8e+308"},
	{1.7976931348623157e+308, 'b', -1, "9007199254740991p+971"},
	{1.7976931348623157e+308, 'x', -1, "0x1.fffffffffffffp+1023"},
	{1.7976931348623157e+308, 'X', 2, "0X1.00P+1024"},
	{1.7976931348623157e+308, 'x', 0, "0x1p+1024"},
	{2.5, 'g', -1, "2.5"},
	{2.5, 'G', -1, "2.5"},
	{2.5, 'e', -1, "2.5e+00"},
	{2.5, 'f', -1, "2.5"},
	{2.5, 'f', 2, "2.50"},
	{2.5, 'e', 3, "2.500e+00"},
	{2.5, 'g', 3, "2.5"},
	{2.5, 'b', -1, "5629499534213120p-51"},
	{2.5, 'x', -1, "0x1.4p+01"},
	{2.5, 'X', 2, "0X1.40P+01"},
	{2.5, 'x', 0, "0x1p+01"},
	{3.5, 'g', -1, "3.5"},
	{3.5, 'G', -1, "3.5"},
	{3.5, 'e', -1, "3.5e+00"},
	{3.5, 'f', -1, "3.5"},
	{3.5, 'f', 2, "3.50"},
	{3.5, 'e', 3, "3.500e+00"},
	{3.5, 'g', 3, "3.5"},
	{3.5, 'b', -1, "7881299347898368p-51"},
	{3.5, 'x', -1, "0x1.cp+01"},
	{3.5, 'X', 2, "0X1.C0P+01"},
	{3.5, 'x', 0, "0x1p+02"},
	{(double)INFINITY, 'g', -1, "+Inf"},
	{(double)INFINITY, 'G', -1, "+Inf"},
	{(double)INFINITY, 'e', -1, "+Inf"},
	{(double)INFINITY, 'f', -1, "+Inf"},
	{(double)INFINITY, 'f', 2, "+Inf"},
	{(double)INFINITY, 'e', 3, "+Inf"},
	{(double)INFINITY, 'g', 3, "+Inf"},
	{(double)INFINITY, 'b', -1, "+Inf"},
	{(double)INFINITY, 'x', -1, "+Inf"},
	{(double)INFINITY, 'X', 2, "+Inf"},
	{(double)INFINITY, 'x', 0, "+Inf"},
	{-(double)INFINITY, 'g', -1, "-Inf"},
	{-(double)INFINITY, 'G', -1, "-Inf"},
	{-(double)INFINITY, 'e', -1, "-Inf"},
	{-(double)INFINITY, 'f', -1, "-Inf"},
	{-(double)INFINITY, 'f', 2, "-Inf"},
	{-(double)INFINITY, 'e', 3, "-Inf"},
	{-(double)INFINITY, 'g', 3, "-Inf"},
	{-(double)INFINITY, 'b', -1, "-Inf"},
	{-(double)INFINITY, 'x', -1, "-Inf"},
	{-(double)INFINITY, 'X', 2, "-Inf"},
	{-(double)INFINITY, 'x', 0, "-Inf"},
	{(double)NAN, 'g', -1, "NaN"},
	{(double)NAN, 'G', -1, "NaN"},
	{(double)NAN, 'e', -1, "NaN"},
	{(double)NAN, 'f', -1, "NaN"},
	{(double)NAN, 'f', 2, "NaN"},
	{(double)NAN, 'e', 3, "NaN"},
	{(double)NAN, 'g', 3, "NaN"},
	{(double)NAN, 'b', -1, "NaN"},
	{(double)NAN, 'x', -1, "NaN"},
	{(double)NAN, 'X', 2, "NaN"},
	{(double)NAN, 'x', 0, "NaN"},
};

/* The text in memory of its own, without a final zero. */
static char *bare(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);
	memcpy(copy, text, len);
	return copy;
}

static void reads_integers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(uints) / sizeof(uints[0]); i++) {
		char *text = bare(uints[i].text, uints[i].len);
		uint64_t v = 7;
		int rc = sodns_uint_from_text(text, uints[i].len, uints[i].base, uints[i].max, &v);
		if (rc != uints[i].rc || v != (rc ? 7 : uints[i].value))
			fail_msg("'%s' base %u: %d, %llu", uints[i].text, uints[i].base, rc,
				 (unsigned long long)v);
		free(text);
	}
	for (size_t i = 0; i < sizeof(ints) / sizeof(ints[0]); i++) {
		char *text = bare(ints[i].text, ints[i].len);
		int64_t v = 7;
		int rc = sodns_int_from_text(text, ints[i].len, ints[i].base, INT64_MIN, INT64_MAX,
					     &v);
		if (rc != ints[i].rc || v != (rc ? 7 : ints[i].value))
			fail_msg("'%s' base %u: %d, %lld", ints[i].text, ints[i].base, rc,
				 (long long)v);
		free(text);
	}
}

static void keeps_bounds(void **state)
{
	int64_t v;
	(void)state;
	assert_int_equal(sodns_int_from_text("-3", 2, 10, -3, 5, &v), 0);
	assert_int_equal(sodns_int_from_text("-4", 2, 10, -3, 5, &v), SODNS_ERANGE);
	assert_int_equal(sodns_int_from_text("5", 1, 10, -3, 5, &v), 0);
	assert_int_equal(sodns_int_from_text("6", 1, 10, -3, 5, &v), SODNS_ERANGE);
	assert_string_equal(sodns_number_error(SODNS_ERANGE), "value out of range");
	assert_string_equal(sodns_number_error(SODNS_EINVAL), "invalid syntax");
}

static void writes_integers(void **state)
{
	static const int64_t all[] = {0,  1,   -1,        9,         10,       -10,
				      99, 100, INT32_MIN, INT64_MAX, INT64_MIN};
	char text[24], expected[24];
	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(expected, sizeof(expected), "%lld", (long long)all[i]);
		assert_int_equal(sodns_int_to_text(all[i], text), strlen(expected));
		assert_string_equal(text, expected);
		snprintf(expected, sizeof(expected), "%llu", (unsigned long long)all[i]);
		assert_int_equal(sodns_uint_to_text((uint64_t)all[i], text), strlen(expected));
		assert_string_equal(text, expected);
	}
}

static bool same(double a, double b)
{
	return isnan(a) ? isnan(b) : !memcmp(&a, &b, sizeof(a));
}

static void reads_floats(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]); i++) {
		char *text = bare(floats[i].text, floats[i].len);
		double v = 0;
		int rc = sodns_float_from_text(text, floats[i].len, &v);
		if (rc != floats[i].rc || (rc != SODNS_EINVAL && !same(v, floats[i].value)))
			fail_msg("'%s': %d, %.17g", floats[i].text, rc, v);
		free(text);
	}
	/* Longer than any number is. */
	char *text = calloc(1, 5000);
	memset(text, '1', 5000);
	double v;
	assert_int_equal(sodns_float_from_text(text, 5000, &v), SODNS_EINVAL);
	free(text);
}

static void writes_floats(void **state)
{
	char text[SODNS_FLOAT_ROOM];
	(void)state;
	for (size_t i = 0; i < sizeof(formatted) / sizeof(formatted[0]); i++) {
		size_t n = sodns_float_to_text(formatted[i].value, formatted[i].format,
					       formatted[i].precision, text, sizeof(text));
		if (strcmp(text, formatted[i].text) != 0 || n != strlen(text))
			fail_msg("%.17g %c %d: %s, expected %s", formatted[i].value,
				 formatted[i].format, formatted[i].precision, text,
				 formatted[i].text);
		/* In less room as much as fits, and not a byte behind it. */
		for (size_t room = 0; room < n + 1; room++) {
			char *cut = malloc(room ? room : 1);
			assert_int_equal(sodns_float_to_text(formatted[i].value,
							     formatted[i].format,
							     formatted[i].precision, cut, room),
					 room ? room - 1 : 0);
			free(cut);
		}
	}
}

/* Numbers of all sizes read back as what they were. */
static void there_and_back(void **state)
{
	uint64_t random = 88172645463325252u;
	(void)state;
	for (int i = 0; i < 20000; i++) {
		char text[SODNS_FLOAT_ROOM];
		double v, back;
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		memcpy(&v, &random, sizeof(v));
		if (!isfinite(v))
			continue;
		size_t n = sodns_float_to_text(v, "gefx"[i % 4], -1, text, sizeof(text));
		assert_int_equal(sodns_float_from_text(text, n, &back), 0);
		assert_true(same(v, back));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_integers),  cmocka_unit_test(keeps_bounds),
		cmocka_unit_test(writes_integers), cmocka_unit_test(reads_floats),
		cmocka_unit_test(writes_floats),   cmocka_unit_test(there_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
