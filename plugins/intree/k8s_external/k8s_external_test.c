#include <sodns/test.h>
int main(void){ return sodns_test_result(); }
