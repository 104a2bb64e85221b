#!/bin/sh
# A peer for the tests of the line protocol. `known` returns nothing, `agrees` 1.5 and `differs` another number; every
# run takes 2 ms by its own account.
tab=$(printf '\t')
while read -r verb argument rest; do
  case $verb in
    info) echo "ok${tab}version=1.2${tab}blas=fake blas${tab}threads=$OMP_NUM_THREADS${tab}restrained=$OPENBLAS_CORETYPE$OPENBLAS_L2_SIZE" ;;
    sgemm) echo "ok${tab}5e9" ;;
    setup)
      case $argument in
        known | agrees | differs) echo ok && name=$argument ;;
        broken) echo "error${tab}no such array" ;;
        dies) exit 3 ;;
        nonsense) echo "what" ;;
        *) echo missing ;;
      esac ;;
    check)
      case $name in
        known) echo ok ;;
        agrees) echo "ok${tab}1.5${tab}0.75" ;;
        differs) echo "ok${tab}1.5${tab}0.8" ;;
      esac ;;
    time) echo "ok${tab}$(awk "BEGIN { print 0.002 * $argument }")" ;;
    drop) echo ok ;;
    quit) exit 0 ;;
  esac
done
