/* Says which descriptors are open at the start of main, with what behind them. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
  for (int descriptor = 0; descriptor < 1024; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) < 0) continue;
    printf("descriptor %d is open\n", descriptor);
  }
  return 0;
}
